using System.Data;
using Npgsql;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Domain;
using Pipeline.Postgres;

namespace Pipeline.Analytics.Infrastructure.Postgres;

/// <summary>
/// The right to refresh, held as an advisory lock of a session: no transaction is open while the rows are computed, and a process that dies gives it back.
/// </summary>
internal sealed class RepeatPurchasesRefresh : IRepeatPurchasesRefresh
{
    private const long LockKey = 0x70697065_72657065;
    private const int FlushBytes = 128 * 1024;

    private readonly NpgsqlConnection _connection;

    private RepeatPurchasesRefresh(NpgsqlConnection connection, RefreshState? current)
    {
        _connection = connection;
        Current = current;
    }

    public RefreshState? Current { get; private set; }

    public static async Task<RepeatPurchasesRefresh?> TryBeginAsync(NpgsqlDataSource database, bool wait, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            if (!await LockAsync(connection, wait, cancellationToken))
            {
                await connection.DisposeAsync();
                return null;
            }

            return new RepeatPurchasesRefresh(connection, await ReadStateAsync(connection, cancellationToken));
        }
        catch
        {
            await EndAsync(connection);
            throw;
        }
    }

    /// <summary>What the table holds; null where it was never refreshed.</summary>
    public static async Task<RefreshState?> ReadStateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT lake_table, lake_version, refreshed_at, row_count FROM analytics.repeat_purchases_refresh", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new RefreshState(
                new LakePosition(reader.GetString(0), reader.GetInt64(1)), reader.GetFieldValue<DateTimeOffset>(2), reader.GetInt64(3))
            : null;
    }

    public async Task<RefreshState> ReplaceAsync(IRepeatPurchaseRows rows, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            await using var transaction = await _connection.BeginTransactionAsync(cancellationToken);

            // DELETE and not TRUNCATE: to a reader whose snapshot is older, a truncated table is empty (docs/decisions/0010).
            await ExecuteAsync("DELETE FROM public.repeat_purchases", cancellationToken);
            var written = await CopyAsync(rows, cancellationToken);
            var state = new RefreshState(rows.Position, InMicroseconds(now), written);
            await WriteStateAsync(state, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            Current = state;
            return state;
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, "Write repeat_purchases");
        }
    }

    public ValueTask DisposeAsync() => EndAsync(_connection);

    private async Task<long> CopyAsync(IRepeatPurchaseRows rows, CancellationToken cancellationToken)
    {
        var copy = await _connection.BeginRawBinaryCopyAsync(
            "COPY public.repeat_purchases (user_id, product_id, orders, units) FROM STDIN (FORMAT binary)", cancellationToken);
        var buffer = new CopyBuffer();
        try
        {
            await copy.WriteAsync(CopyBuffer.Header, cancellationToken);
            while (await rows.ReadAsync(buffer, cancellationToken))
            {
                if (buffer.Written.Length < FlushBytes)
                    continue;
                await copy.WriteAsync(buffer.Written, cancellationToken);
                buffer.Clear();
            }

            await copy.WriteAsync(buffer.Written, cancellationToken);
            await copy.WriteAsync(CopyBuffer.Trailer, cancellationToken);
        }
        catch
        {
            await copy.AbandonAsync();
            throw;
        }

        await copy.DisposeAsync();
        return buffer.Rows;
    }

    private async Task WriteStateAsync(RefreshState state, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO analytics.repeat_purchases_refresh (lake_table, lake_version, refreshed_at, row_count) VALUES ($1, $2, $3, $4)
            ON CONFLICT (only_row) DO UPDATE
            SET lake_table = excluded.lake_table, lake_version = excluded.lake_version, refreshed_at = excluded.refreshed_at, row_count = excluded.row_count
            """,
            _connection);
        command.Parameters.AddWithValue(state.Position.Table);
        command.Parameters.AddWithValue(state.Position.Version);
        command.Parameters.AddWithValue(state.RefreshedAt);
        command.Parameters.AddWithValue(state.Rows);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        // The refresh as a whole has its time limit.
        await using var command = new NpgsqlCommand(sql, _connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // As the database keeps it.
    private static DateTimeOffset InMicroseconds(DateTimeOffset moment) =>
        new(moment.UtcTicks - (moment.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    private static async Task<bool> LockAsync(NpgsqlConnection connection, bool wait, CancellationToken cancellationToken)
    {
        var sql = wait ? "SELECT pg_advisory_lock($1)" : "SELECT pg_try_advisory_lock($1)";
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.AddWithValue(LockKey);
        return await command.ExecuteScalarAsync(cancellationToken) is not false;
    }

    // A connection that goes back to the pool keeps its session, and with it the lock, unless it is unlocked; one that is broken lost both.
    private static async ValueTask EndAsync(NpgsqlConnection connection)
    {
        await using (connection)
        {
            if (connection.State != ConnectionState.Open)
                return;
            try
            {
                await using var unlock = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", connection);
                await unlock.ExecuteNonQueryAsync(CancellationToken.None);
            }
            catch (NpgsqlException)
            {
                // Closed for good instead of going back to the pool, which ends the session.
                NpgsqlConnection.ClearPool(connection);
            }
        }
    }
}
