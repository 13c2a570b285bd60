using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Pipeline.Ingestion.Application;
using Pipeline.Postgres;

namespace Pipeline.Ingestion.Infrastructure.Postgres;

/// <summary>
/// Idempotency keys in PostgreSQL. A reservation is leased: while the lease runs, other tries are told that the request is under way; after it the process that
/// held it is taken for dead.
/// </summary>
internal sealed class PostgresIdempotencyStore(NpgsqlDataSource dataSource, TimeProvider time, IOptions<IngestionOptions> options) : IIdempotencyStore
{
    /// <summary>Longer than an append can take, since the log gives up before.</summary>
    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(30);

    /// <summary>A commit whose connection broke may still arrive: the next try waits it out.</summary>
    private static readonly TimeSpan _abandonedLease = TimeSpan.FromSeconds(2);

    private const string Reserve = """
        insert into ingestion.idempotency_keys as k (key, body_hash, start_offsets, tries, locked_until, created_at)
        values ($1, $2, $3, 1, $5, $4)
        on conflict (key) do update set
            body_hash = excluded.body_hash,
            start_offsets = case when k.created_at < $6 then excluded.start_offsets else k.start_offsets end,
            tries = case when k.created_at < $6 then 1 else k.tries + 1 end,
            created_at = case when k.created_at < $6 then excluded.created_at else k.created_at end,
            answer = null,
            locked_until = excluded.locked_until
        where k.created_at < $6 or (k.answer is null and k.locked_until < $4 and k.body_hash = excluded.body_hash)
        returning k.tries, k.start_offsets
        """;

    public async ValueTask<Reservation> ReserveAsync(string key, ReadOnlyMemory<byte> bodyHash, long[] startOffsets, CancellationToken cancellationToken)
    {
        try
        {
            var now = time.GetUtcNow();
            await using (var command = dataSource.CreateCommand(Reserve))
            {
                command.Parameters.Add(new() { Value = key });
                command.Parameters.Add(new() { Value = bodyHash, NpgsqlDbType = NpgsqlDbType.Bytea });
                command.Parameters.Add(new() { Value = startOffsets });
                command.Parameters.Add(new() { Value = now });
                command.Parameters.Add(new() { Value = now + _lease });
                command.Parameters.Add(new() { Value = now - options.Value.IdempotencyWindow });
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                if (await reader.ReadAsync(cancellationToken))
                {
                    return reader.GetInt32(0) == 1
                        ? new Reservation(ReservationState.Reserved)
                        : new Reservation(ReservationState.Recover, StartOffsets: reader.GetFieldValue<long[]>(1));
                }
            }

            return await FindAsync(key, bodyHash, cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, $"Reserving idempotency key {key}");
        }
    }

    public ValueTask CompleteAsync(string key, ReadOnlyMemory<byte> answer, CancellationToken cancellationToken) =>
        ExecuteAsync("update ingestion.idempotency_keys set answer = $2 where key = $1", $"Completing idempotency key {key}", cancellationToken,
            new() { Value = key }, new() { Value = answer, NpgsqlDbType = NpgsqlDbType.Bytea });

    public ValueTask AbandonAsync(string key, CancellationToken cancellationToken) =>
        ExecuteAsync("update ingestion.idempotency_keys set locked_until = $2 where key = $1", $"Releasing idempotency key {key}", cancellationToken,
            new() { Value = key }, new() { Value = time.GetUtcNow() + _abandonedLease });

    public async ValueTask<int> PurgeAsync(int limit, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = dataSource.CreateCommand("""
                delete from ingestion.idempotency_keys
                where key in (select key from ingestion.idempotency_keys where created_at < $1 order by created_at limit $2)
                """);
            command.Parameters.Add(new() { Value = time.GetUtcNow() - options.Value.IdempotencyWindow });
            command.Parameters.Add(new() { Value = limit });
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, "Purging idempotency keys");
        }
    }

    private async ValueTask<Reservation> FindAsync(string key, ReadOnlyMemory<byte> bodyHash, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("select body_hash, answer from ingestion.idempotency_keys where key = $1");
        command.Parameters.Add(new() { Value = key });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return new Reservation(ReservationState.InProgress); // purged between the two statements: the client's next try reserves it
        if (!bodyHash.Span.SequenceEqual(reader.GetFieldValue<byte[]>(0)))
            return new Reservation(ReservationState.Conflict);
        return reader.IsDBNull(1) ? new Reservation(ReservationState.InProgress) : new Reservation(ReservationState.Completed, reader.GetFieldValue<byte[]>(1));
    }

    private async ValueTask ExecuteAsync(string sql, string operation, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        try
        {
            await using var command = dataSource.CreateCommand(sql);
            command.Parameters.AddRange(parameters);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, operation);
        }
    }
}
