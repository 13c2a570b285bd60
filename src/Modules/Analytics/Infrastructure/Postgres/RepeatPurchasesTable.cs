using Npgsql;
using NpgsqlTypes;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Contracts;
using Pipeline.Postgres;

namespace Pipeline.Analytics.Infrastructure.Postgres;

/// <summary>The table <c>public.repeat_purchases</c>, and <c>analytics.repeat_purchases_refresh</c>, which says what it holds.</summary>
internal sealed class RepeatPurchasesTable(NpgsqlDataSource database) : IRepeatPurchasesTable
{
    public async Task<IRepeatPurchasesRefresh?> TryBeginRefreshAsync(bool wait, CancellationToken cancellationToken)
    {
        try
        {
            return await RepeatPurchasesRefresh.TryBeginAsync(database, wait, cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, "Begin to refresh repeat_purchases");
        }
    }

    public async Task<Answer<RepurchasedProduct>> GetMostRepurchasedAsync(int limit, CancellationToken cancellationToken)
    {
        try
        {
            // One snapshot, so that the rows and what is said about them belong together.
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
            var state = await RepeatPurchasesRefresh.ReadStateAsync(connection, cancellationToken);
            var rows = await ReadMostRepurchasedAsync(connection, limit, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Answer<RepurchasedProduct>(rows, state?.Position.Known) { RefreshedAt = state?.RefreshedAt };
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, "Read repeat_purchases");
        }
    }

    private static async Task<List<RepurchasedProduct>> ReadMostRepurchasedAsync(NpgsqlConnection connection, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Questions.MostRepurchased.Sql, connection);
        command.Parameters.Add(new NpgsqlParameter<int>("limit", NpgsqlDbType.Integer) { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<RepurchasedProduct>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(new RepurchasedProduct(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
        return rows;
    }
}
