using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Postgres;

namespace Pipeline.EventLog.Postgres;

/// <summary>
/// Looks after the chunks of all topics: closes those that are large or old and opens the next, drops those that retention lets go. Of all processes on a
/// database one does it at a time. No step of it blocks appends for longer than a commit, and each may be cut off anywhere and is finished by the next run.
/// </summary>
internal sealed class ChunkKeeper(NpgsqlDataSource dataSource, PostgresLogOptions options, ILogger logger)
{
    /// <summary>A chunk of a topic whose records live for a time is closed after a part of it, so that they do not live much longer.</summary>
    private const long ChunksPerAge = 4;

    private const string TryLock = "SELECT pg_try_advisory_lock(hashtextextended('pipeline.log.retention', 0))";
    private const string Unlock = "SELECT pg_advisory_unlock(hashtextextended('pipeline.log.retention', 0))";

    /// <summary>One run. False where another process is at it.</summary>
    /// <exception cref="TransientException">PostgreSQL is away, or something was in the way for too long.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            if (!await ScalarAsync<bool>(connection, TryLock, cancellationToken))
                return false;
            try
            {
                await ExecuteAsync(connection, "SET lock_timeout = '2s'", cancellationToken);
                await FinishDropsAsync(connection, cancellationToken);
                await RollAsync(connection, cancellationToken);
                await DropAsync(connection, cancellationToken);
                return true;
            }
            finally
            {
                if (connection.State == System.Data.ConnectionState.Open)
                    await ExecuteAsync(connection, $"RESET lock_timeout; {Unlock}", CancellationToken.None);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw PostgresErrors.Translate(e, "Look after the log's chunks");
        }
    }

    private async Task RollAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var full = new List<(int Chunk, string Topic, long Bytes)>();
        await using (var command = new NpgsqlCommand(
            """
            SELECT * FROM (
                SELECT c.chunk_id, t.name, pg_total_relation_size(('log.batches_' || c.chunk_id)::regclass) AS bytes,
                    (extract(epoch FROM clock_timestamp() - c.opened_at) * 1000)::bigint AS age_ms, least($2, t.max_age_ms / $3) AS max_age_ms,
                    pg_relation_size(('log.batches_' || c.chunk_id)::regclass) > 0 AS used
                FROM log.chunks c JOIN log.topics t USING (topic_id) WHERE c.closed_at IS NULL) AS open
            WHERE used AND (bytes >= $1 OR age_ms >= max_age_ms) ORDER BY chunk_id
            """,
            connection).With(options.ChunkBytes).With((long)options.ChunkAge.TotalMilliseconds).With(ChunksPerAge))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                full.Add((reader.GetInt32(0), reader.GetString(1), reader.GetInt64(2)));
        }

        foreach (var (chunk, topic, bytes) in full)
        {
            await using var command = new NpgsqlCommand("SELECT log.roll_chunk($1, $2)", connection).With(chunk).With(bytes);
            if (await command.ExecuteScalarAsync(cancellationToken) is int)
                Log.ChunkClosed(logger, chunk, topic, bytes);
        }
    }

    private async Task DropAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var chunks = new List<Candidate>();
        await using (var command = new NpgsqlCommand(
            """
            SELECT c.chunk_id, t.name, t.drop_unconsumed, coalesce(c.bytes, pg_total_relation_size(('log.batches_' || c.chunk_id)::regclass)) AS bytes,
                c.closed_at IS NOT NULL AS closed,
                coalesce(c.closed_at + t.max_age_ms * interval '1 ms' < clock_timestamp(), false) AS old, t.max_bytes
            FROM log.chunks c JOIN log.topics t USING (topic_id)
            WHERE c.dropped_at IS NULL AND (t.max_age_ms IS NOT NULL OR t.max_bytes IS NOT NULL) ORDER BY t.topic_id, c.chunk_id
            """,
            connection))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var maxBytes = reader.IsDBNull(6) ? long.MaxValue : reader.GetInt64(6);
                chunks.Add(new Candidate(
                    reader.GetInt32(0), reader.GetString(1), reader.GetBoolean(2), reader.GetInt64(3), reader.GetBoolean(4), reader.GetBoolean(5), maxBytes));
            }
        }

        foreach (var topic in chunks.GroupBy(c => c.Topic))
        {
            var size = topic.Sum(c => c.Bytes);
            foreach (var chunk in topic)
            {
                var reason = chunk.Old ? "age" : size > chunk.MaxBytes ? "size" : null;
                if (reason is null || !chunk.Closed)
                    break;
                await using var command = new NpgsqlCommand("SELECT log.drop_chunk($1, $2)", connection)
                    .With(chunk.ChunkId).With(chunk.DropUnconsumed);
                if (await command.ExecuteScalarAsync(cancellationToken) is not true)
                    break;
                size -= chunk.Bytes;
                Log.ChunkDropped(logger, chunk.ChunkId, chunk.Topic, chunk.Bytes, reason);
            }
        }

        await FinishDropsAsync(connection, cancellationToken);
    }

    /// <summary>Drops the tables of chunks that are out of the log already.</summary>
    private static async Task FinishDropsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var chunks = new List<int>();
        await using (var command = new NpgsqlCommand("SELECT chunk_id FROM log.chunks WHERE dropped_at IS NOT NULL ORDER BY chunk_id", connection))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                chunks.Add(reader.GetInt32(0));
        }

        foreach (var chunk in chunks)
        {
            var id = chunk.ToString(CultureInfo.InvariantCulture);
            var drop = $"DROP TABLE IF EXISTS log.batches_{id}; DROP FUNCTION IF EXISTS log.append_{id}; DELETE FROM log.chunks WHERE chunk_id = {id}";
            await ExecuteAsync(connection, drop, cancellationToken);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private sealed record Candidate(int ChunkId, string Topic, bool DropUnconsumed, long Bytes, bool Closed, bool Old, long MaxBytes);
}
