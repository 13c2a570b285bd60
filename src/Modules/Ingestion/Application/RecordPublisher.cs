using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion.Application;

/// <summary>Appends the valid records of a request to the log, once per idempotency key.</summary>
internal sealed class RecordPublisher(IEventLog log, IIdempotencyStore keys, TopicOffsets offsets)
{
    public async ValueTask<PublishResult> PublishAsync(
        string topic, ReadRequest read, ReadOnlyMemory<byte> body, string? key, bool asArray, CancellationToken cancellationToken)
    {
        if (key is not null)
            return await PublishOnceAsync(topic, read, body, $"{topic}/{key}", asArray, cancellationToken);

        var positions = ArrayPool<RecordPosition>.Shared.Rent(read.Count);
        try
        {
            await AppendAsync(topic, read, positions, key: null, cancellationToken);
            return Accept(topic, read, positions, asArray);
        }
        finally
        {
            ArrayPool<RecordPosition>.Shared.Return(positions);
        }
    }

    private async ValueTask<PublishResult> PublishOnceAsync(
        string topic, ReadRequest read, ReadOnlyMemory<byte> body, string key, bool asArray, CancellationToken cancellationToken)
    {
        var reservation = await keys.ReserveAsync(key, SHA256.HashData(body.Span), await offsets.GetAsync(topic, cancellationToken), cancellationToken);
        switch (reservation.State)
        {
            case ReservationState.Completed:
                return PublishResult.Accepted(reservation.Answer);
            case ReservationState.Conflict:
                return PublishResult.KeyConflict;
            case ReservationState.InProgress:
                return PublishResult.KeyInProgress;
        }

        // From here on the client's patience must not leave the key half done.
        var positions = new RecordPosition[read.Count];
        try
        {
            if (reservation.State == ReservationState.Reserved)
                await AppendAsync(topic, read, positions, key, CancellationToken.None);
            else
                await RecoverAsync(topic, read, positions, key, reservation.StartOffsets!, CancellationToken.None);
        }
        catch (Exception e) when (e is TransientException or TerminalException)
        {
            await keys.AbandonAsync(key, CancellationToken.None);
            throw;
        }

        var result = Accept(topic, read, positions, asArray);
        await keys.CompleteAsync(key, result.Answer, CancellationToken.None);
        return result;
    }

    private static PublishResult Accept(string topic, in ReadRequest read, RecordPosition[] positions, bool asArray)
    {
        IngestionMetrics.Accepted(topic, read.Count);
        return PublishResult.Accepted(AnswerWriter.Write(topic, positions.AsSpan(0, read.Count), read, asArray));
    }

    private ValueTask AppendAsync(string topic, in ReadRequest read, RecordPosition[] positions, string? key, CancellationToken cancellationToken)
    {
        var trace = LogTracing.CurrentHeaders();
        var records = ArrayPool<NewRecord>.Shared.Rent(read.Count);
        try
        {
            for (var i = 0; i < read.Count; i++)
                records[i] = CreateRecord(read, i, key, trace);

            // The log has copied the records when it returns its task.
            return log.AppendAsync(topic, records.AsSpan(0, read.Count), positions, cancellationToken);
        }
        finally
        {
            ArrayPool<NewRecord>.Shared.Return(records, clearArray: true);
        }
    }

    private static NewRecord CreateRecord(in ReadRequest read, int index, string? key, ReadOnlyMemory<RecordHeader> trace)
    {
        var record = read[index];
        var headers = trace;
        if (record.ExpectedTotal is { } expected)
            headers = Add(headers, new RecordHeader(RecordHeaders.TotalPriceExpected, Encoding.ASCII.GetBytes(expected.ToString(CultureInfo.InvariantCulture))));
        if (key is not null)
            headers = Add(headers, new RecordHeader(RecordHeaders.IdempotencyKey, KeyOf(key, index)));
        return new NewRecord(read.Key(record), read.Value(record), headers);
    }

    /// <summary>Finds the records of a try that was cut off and appends only those that are not there.</summary>
    private async ValueTask RecoverAsync(string topic, ReadRequest read, RecordPosition[] positions, string key, long[] startOffsets, CancellationToken cancellationToken)
    {
        var wanted = new Dictionary<string, int>(read.Count, StringComparer.Ordinal);
        for (var i = 0; i < read.Count; i++)
            wanted.Add(Encoding.ASCII.GetString(KeyOf(key, i)), i);

        var topics = await log.GetTopicsAsync(cancellationToken);
        foreach (var partition in topics.First(t => t.Name == topic).Partitions)
        {
            var next = partition.Partition < startOffsets.Length ? startOffsets[partition.Partition] : partition.StartOffset;
            while (next < partition.EndOffset && wanted.Count > 0)
            {
                using var batch = await log.ReadAsync(topic, partition.Partition, next, cancellationToken: cancellationToken);
                if (batch.Count == 0)
                    break;
                Match(batch, wanted, positions);
                next = batch.NextOffset;
            }
        }

        foreach (var index in wanted.Values.Order())
            positions[index] = await log.AppendAsync(topic, CreateRecord(read, index, key, LogTracing.CurrentHeaders()), cancellationToken);
    }

    private static void Match(RecordBatch batch, Dictionary<string, int> wanted, RecordPosition[] positions)
    {
        foreach (var record in batch)
        {
            if (record.HeaderCount > 0 && record.TryGetHeader(RecordHeaders.IdempotencyKeyUtf8, out var value)
                && wanted.Remove(Encoding.ASCII.GetString(value), out var index))
                positions[index] = new RecordPosition(batch.Partition, record.Offset);
        }
    }

    private static byte[] KeyOf(string key, int index) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{key}/{index}"));

    private static RecordHeader[] Add(ReadOnlyMemory<RecordHeader> headers, RecordHeader header)
    {
        var all = new RecordHeader[headers.Length + 1];
        headers.CopyTo(all);
        all[^1] = header;
        return all;
    }
}
