using System.Buffers;
using System.Data;
using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Pipeline.Postgres;

namespace Pipeline.EventLog.Postgres;

/// <summary>Reads partitions: from the tail cache where it holds the offset, else from the chunk's table.</summary>
internal sealed class LogReader(NpgsqlDataSource dataSource, TailCache cache)
{
    private const int MaxRows = 4096;
    private const int FewRows = 16;
    private const int MostBytes = 64 << 20;
    private const int Attempts = 5;

    // The first chunk that has records after the offset; the newest one when there is none yet.
    private const string FindChunk =
        """
        SELECT chunk_id, base_offset, next_base
        FROM (SELECT chunk_id, base_offset, lead(base_offset) OVER (ORDER BY base_offset, chunk_id) AS next_base
              FROM log.chunk_bases WHERE topic_id = $1 AND partition = $2) AS chunks
        WHERE next_base IS NULL OR (next_base > $3 AND next_base > base_offset)
        ORDER BY base_offset, chunk_id LIMIT 1
        """;

    public async ValueTask<RecordBatch> ReadAsync(Lane lane, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        maxBytes = Math.Clamp(maxBytes, 1, MostBytes);
        if (cache.TryRead(lane, offset, maxBytes) is { } cached)
        {
            LogTelemetry.Read(cached.Count, cached.Data.Length, fromMemory: true);
            return cached;
        }

        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            return await ReadAsync(connection, lane, offset, maxBytes, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw PostgresErrors.Translate(e, $"Read topic {lane.Topic.Name}, partition {lane.Partition}, from offset {offset}");
        }
    }

    private static async ValueTask<RecordBatch> ReadAsync(
        NpgsqlConnection connection, Lane lane, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        using var activity = LogTelemetry.Source.StartActivity("log read", ActivityKind.Client);
        activity?.SetTag("messaging.destination.name", lane.Topic.Name).SetTag("messaging.destination.partition.id", lane.Partition);
        for (var attempt = 1; ; attempt++)
        {
            var chunk = lane.Chunk;
            var fresh = chunk is null || offset < chunk.From || offset >= chunk.To;
            if (fresh)
            {
                chunk = await FindChunkAsync(connection, lane, offset, cancellationToken);
                lane.Chunk = chunk;
                offset = Math.Max(offset, chunk.From);
            }

            try
            {
                if (await ReadChunkAsync(connection, lane, chunk!, offset, maxBytes, cancellationToken) is { } batch)
                {
                    activity?.SetTag("messaging.batch.message_count", batch.Count);
                    LogTelemetry.Read(batch.Count, batch.Data.Length, fromMemory: false);
                    return batch;
                }
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable && attempt < Attempts)
            {
                // Retention dropped the chunk since it was looked up.
                lane.Chunk = null;
                continue;
            }

            // At the end, as far as this chunk goes; it may have been closed since it was looked up.
            lane.Chunk = null;
            if (fresh)
                return new RecordBatch(lane.Topic.Name, lane.Partition, offset, 0, ReadOnlyMemory<byte>.Empty);
        }
    }

    private static async ValueTask<ChunkRange> FindChunkAsync(NpgsqlConnection connection, Lane lane, long offset, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindChunk, connection).With(lane.Topic.Id).With(lane.Partition).With(offset);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new TerminalException($"Topic {lane.Topic.Name} has no chunk for partition {lane.Partition}.");
        return new ChunkRange(reader.GetInt32(0), reader.GetInt64(1), reader.IsDBNull(2) ? long.MaxValue : reader.GetInt64(2));
    }

    private static async ValueTask<RecordBatch?> ReadChunkAsync(
        NpgsqlConnection connection, Lane lane, ChunkRange chunk, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        // How many rows fit is counted first, from their headers alone. They come as one value: PostgreSQL would send each by itself, at the cost of a
        // call of the system and a wake-up here for every page.
        var table = string.Create(CultureInfo.InvariantCulture, $"log.batches_{chunk.ChunkId}");
        await using var command = new NpgsqlCommand(
            $"""
            SELECT min(last_offset + 1 - count), sum(count)::int, count(*)::int, string_agg(data, ''::bytea ORDER BY last_offset)
            FROM (SELECT last_offset, count, data FROM {table} WHERE partition = $1 AND last_offset >= $2 ORDER BY last_offset
                LIMIT (SELECT greatest(1, count(*)) FROM (
                    SELECT sum(bytes) OVER (ORDER BY last_offset) AS upto FROM (
                        SELECT last_offset, octet_length(data) AS bytes FROM {table}
                        WHERE partition = $1 AND last_offset >= $2 ORDER BY last_offset LIMIT $3) AS sizes
                    ) AS sums WHERE upto <= $4)) AS rows
            """,
            connection).With(lane.Partition).With(offset).With(Math.Clamp((maxBytes / lane.RowBytes) + FewRows, 1, MaxRows)).With((long)maxBytes);
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (await reader.IsDBNullAsync(0, cancellationToken))
            return null;

        var from = reader.GetInt64(0);
        var records = reader.GetInt32(1);
        var rows = reader.GetInt32(2);
        var length = (int)reader.GetBytes(3, 0, null, 0, 0);
        lane.RowBytes = Math.Max(1, length / rows);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await using (var stream = await reader.GetStreamAsync(3, cancellationToken))
                await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken);
            var skipped = (int)Math.Max(0, offset - from);
            var start = RecordCodec.Skip(buffer.AsSpan(0, length), skipped);
            var batch = new RecordBatch(lane.Topic.Name, lane.Partition, from + skipped, records - skipped, buffer, start, length - start);
            buffer = null;
            return batch;
        }
        finally
        {
            if (buffer is not null)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
