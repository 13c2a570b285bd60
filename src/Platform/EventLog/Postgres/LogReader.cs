using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Pipeline.Postgres;

namespace Pipeline.EventLog.Postgres;

/// <summary>Reads partitions: from the tail cache where it holds the offset, else from the chunk's table.</summary>
internal sealed class LogReader(NpgsqlDataSource dataSource, TailCache cache)
{
    private const int MaxRows = 4096;
    private const int BytesPerRow = 512;
    private const int FirstBuffer = 64 << 10;
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

    private static async ValueTask<RecordBatch> ReadAsync(NpgsqlConnection connection, Lane lane, long offset, int maxBytes, CancellationToken cancellationToken)
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
        await using var command = new NpgsqlCommand(FindChunk, connection)
        {
            Parameters = { new NpgsqlParameter<int>("", lane.Topic.Id), new NpgsqlParameter<int>("", lane.Partition), new NpgsqlParameter<long>("", offset) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new TerminalException($"Topic {lane.Topic.Name} has no chunk for partition {lane.Partition}.");
        return new ChunkRange(reader.GetInt32(0), reader.GetInt64(1), reader.IsDBNull(2) ? long.MaxValue : reader.GetInt64(2));
    }

    private static async ValueTask<RecordBatch?> ReadChunkAsync(
        NpgsqlConnection connection, Lane lane, ChunkRange chunk, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        // How many rows fit is counted first, from their headers alone, so that no more is sent than is wanted, whatever the size of a row.
        var table = string.Create(CultureInfo.InvariantCulture, $"log.batches_{chunk.ChunkId}");
        await using var command = new NpgsqlCommand(
            $"""
            SELECT last_offset, count, data FROM {table} WHERE partition = $1 AND last_offset >= $2 ORDER BY last_offset
            LIMIT (SELECT greatest(1, count(*)) FROM (
                SELECT sum(bytes) OVER (ORDER BY last_offset) AS upto FROM (
                    SELECT last_offset, octet_length(data) AS bytes FROM {table} WHERE partition = $1 AND last_offset >= $2 ORDER BY last_offset LIMIT $3) AS rows
                ) AS sums WHERE upto <= $4)
            """,
            connection)
        {
            Parameters =
            {
                new NpgsqlParameter<int>("", lane.Partition),
                new NpgsqlParameter<long>("", offset),
                new NpgsqlParameter<int>("", Math.Clamp(maxBytes / BytesPerRow, 1, MaxRows)),
                new NpgsqlParameter<long>("", maxBytes),
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;

        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(maxBytes, FirstBuffer));
        try
        {
            var from = reader.GetInt64(0) + 1 - reader.GetInt32(1);
            var records = 0;
            var length = 0;
            do
            {
                records += reader.GetInt32(1);
                var bytes = (int)reader.GetBytes(2, 0, null, 0, 0);
                if (buffer.Length - length < bytes)
                    buffer = Grow(buffer, length, bytes);
                length += (int)reader.GetBytes(2, 0, buffer, length, bytes);
            }
            while (await reader.ReadAsync(cancellationToken));

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

    private static byte[] Grow(byte[] buffer, int length, int more)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + more));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
