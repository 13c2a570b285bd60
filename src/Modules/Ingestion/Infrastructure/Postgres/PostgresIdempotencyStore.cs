using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Ingestion.Application;
using Pipeline.Postgres;

namespace Pipeline.Ingestion.Infrastructure.Postgres;

/// <summary>
/// Idempotency keys in PostgreSQL. A reservation is leased: while the lease runs, other tries are told that the request is under way; after it the process that
/// held it is taken for dead.
/// </summary>
internal sealed class PostgresIdempotencyStore(
    NpgsqlDataSource dataSource, TimeProvider time, IOptions<IngestionOptions> options, ILogger<PostgresIdempotencyStore> logger) : IIdempotencyStore, IAsyncDisposable
{
    private readonly KeyWriter _writer = new(dataSource, options.Value, time, logger);

    public ValueTask<Reservation> ReserveAsync(string key, ReadOnlyMemory<byte> bodyHash, long[] startOffsets, CancellationToken cancellationToken) =>
        new(_writer.ReserveAsync(key, bodyHash, startOffsets, cancellationToken));

    public async ValueTask<bool> RenewAsync(string key, int tries, CancellationToken cancellationToken)
    {
        try
        {
            // The lease counts from here on, not from before a connection was free.
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                "update ingestion.idempotency_keys set locked_until = $3 where key = $1 and tries = $2 and answer is null", connection);
            command.Parameters.Add(new() { Value = key });
            command.Parameters.Add(new() { Value = tries });
            command.Parameters.Add(new() { Value = time.GetUtcNow() + KeyCommand.Lease });
            return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
        }
        catch (Exception e) when (e is NpgsqlException or ObjectDisposedException)
        {
            throw PostgresErrors.Translate(e, $"Holding idempotency key {key}");
        }
    }

    public Task CompleteAsync(string key, int tries, ReadOnlyMemory<byte> answer) => _writer.CompleteAsync(key, tries, answer);

    public Task AbandonAsync(string key, int tries) => _writer.CompleteAsync(key, tries, default);

    public async ValueTask<int> PurgeAsync(int limit, CancellationToken cancellationToken)
    {
        try
        {
            // Rows that others hold are left for the next time, so that a purge waits for nobody and no deadlock comes of its order.
            await using var command = dataSource.CreateCommand("""
                delete from ingestion.idempotency_keys
                where key in (select key from ingestion.idempotency_keys where created_at < $1 order by created_at limit $2 for update skip locked)
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

    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
