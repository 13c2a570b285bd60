using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion.Application;

/// <summary>Appends the valid records of a request to the log, once per idempotency key.</summary>
internal sealed class RecordPublisher(IEventLog log, IIdempotencyStore keys, TopicOffsets offsets, TimeProvider time, ILogger<RecordPublisher> logger)
{
    /// <summary>What this process has under way, by key: repeats that come meanwhile share the answer of the first.</summary>
    private readonly ConcurrentDictionary<string, KeyedRequest> _underWay = new(StringComparer.Ordinal);

    public async ValueTask<PublishResult> PublishAsync(
        string topic, ReadRequest read, ReadOnlyMemory<byte> body, string? key, bool asArray, CancellationToken cancellationToken)
    {
        RequestTrace.Describe(read);
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

    /// <summary>Looks for the record that an earlier try with a key, of one record, may have left at or behind some offsets.</summary>
    /// <returns>Whether all of that part of the log is still there, and the record's position where it was found.</returns>
    public async ValueTask<(bool Known, RecordPosition? Position)> FindAsync(string topic, string key, IReadOnlyList<long> since, CancellationToken cancellationToken)
    {
        var positions = new RecordPosition[1];
        var wanted = new Dictionary<string, int>(StringComparer.Ordinal) { [Encoding.ASCII.GetString(KeyOf($"{topic}/{key}", 0))] = 0 };
        await SearchAsync(topic, since, wanted, positions, cancellationToken);
        if (wanted.Count == 0)
            return (true, positions[0]);

        return (await IsWholeAsync(topic, since, cancellationToken), null);
    }

    /// <summary>Whether the log still has all from some offsets on; to be asked after a search, as retention goes on beside it.</summary>
    private async ValueTask<bool> IsWholeAsync(string topic, IReadOnlyList<long> since, CancellationToken cancellationToken)
    {
        return (await PartitionsAsync(topic, cancellationToken)).All(p => p.StartOffset <= StartOf(p, since));
    }

    private async ValueTask<IReadOnlyList<PartitionStatus>> PartitionsAsync(string topic, CancellationToken cancellationToken) =>
        (await log.GetTopicsAsync(cancellationToken)).First(t => t.Name == topic).Partitions;

    private async ValueTask<PublishResult> PublishOnceAsync(
        string topic, ReadRequest read, ReadOnlyMemory<byte> body, string key, bool asArray, CancellationToken cancellationToken)
    {
        var mine = new KeyedRequest(SHA256.HashData(body.Span));
        var first = _underWay.GetOrAdd(key, mine);
        if (first != mine && first.HasBodyOf(mine))
            return await first.Result.WaitAsync(cancellationToken);

        // A request with another body goes on beside the first one: the store knows which of the two has the key.
        try
        {
            var since = await offsets.GetAsync(topic, cancellationToken);
            var asked = time.GetUtcNow();
            var reservation = await keys.ReserveAsync(key, mine.BodyHash, since, cancellationToken);
            var result = reservation.State switch
            {
                ReservationState.Completed => PublishResult.Accepted(reservation.Answer),
                ReservationState.Conflict => PublishResult.KeyConflict,
                ReservationState.InProgress => PublishResult.KeyInProgress,
                _ => await PublishReservedAsync(topic, read, key, reservation, asked, asArray),
            };
            mine.Answer(result);
            if (reservation.IsHeld && result.Outcome == PublishOutcome.Accepted)
                _ = CompleteAsync(key, reservation.Tries, mine, result.Answer);
            else
                End(key, mine);
            return result;
        }
        catch (Exception e)
        {
            End(key, mine);
            if (e is OperationCanceledException)
                mine.Answer(PublishResult.KeyInProgress);
            else
                mine.Fail(e);
            throw;
        }
    }

    private async ValueTask<PublishResult> PublishReservedAsync(
        string topic, ReadRequest read, string key, Reservation reservation, DateTimeOffset asked, bool asArray)
    {
        // From here on the client's patience must not leave the key half done.
        var positions = new RecordPosition[read.Count];
        await using var lease = new KeyLease(keys, key, reservation.Tries, asked, time, logger);
        try
        {
            var missing = reservation.State == ReservationState.Recover
                ? await FindMissingAsync(topic, read, positions, key, reservation.StartOffsets!, CancellationToken.None)
                : null;
            if (missing is not [] && !await lease.IsHeldAsync())
                return PublishResult.KeyInProgress;
            if (missing is null)
                await AppendAsync(topic, read, positions, key, CancellationToken.None);
            else if (missing.Length > 0)
                await AppendAsync(topic, read, missing, positions, key, CancellationToken.None);
        }
        catch (Exception e) when (e is TransientException or TerminalException)
        {
            // What may yet come into the log would not be found by a try that comes soon: it waits until the lease is over.
            if (e is TransientException { MayYetHappen: true })
                await lease.ExtendAsync();
            else
                _ = keys.AbandonAsync(key, reservation.Tries);
            throw;
        }

        return Accept(topic, read, positions, asArray);
    }

    /// <summary>
    /// The answer does not wait for this: the records are durable and carry the key, so a try after a crash finds them. Until the answer is stored, requests
    /// with the same key and body are answered from memory.
    /// </summary>
    private async Task CompleteAsync(string key, int tries, KeyedRequest request, ReadOnlyMemory<byte> answer)
    {
        // The store logs what it gives up.
        await keys.CompleteAsync(key, tries, answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        End(key, request);
    }

    private void End(string key, KeyedRequest request) => _underWay.TryRemove(new KeyValuePair<string, KeyedRequest>(key, request));

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

    /// <summary>Finds the records of a try that was cut off, and returns which are not there.</summary>
    private async ValueTask<int[]> FindMissingAsync(
        string topic, ReadRequest read, RecordPosition[] positions, string key, long[] startOffsets, CancellationToken cancellationToken)
    {
        var wanted = new Dictionary<string, int>(read.Count, StringComparer.Ordinal);
        for (var i = 0; i < read.Count; i++)
            wanted.Add(Encoding.ASCII.GetString(KeyOf(key, i)), i);

        await SearchAsync(topic, startOffsets, wanted, positions, cancellationToken);
        if (wanted.Count > 0 && !await IsWholeAsync(topic, startOffsets, cancellationToken))
        {
            throw new TransientException(
                $"Recover the request with idempotency key {key}: records that it may have appended are gone from topic {topic}, so it cannot be told which are missing. "
                + "The key is free when it is forgotten.");
        }

        return [.. wanted.Values.Order()];
    }

    /// <summary>Appends those that are missing.</summary>
    private async ValueTask AppendAsync(
        string topic, ReadRequest read, int[] missing, RecordPosition[] positions, string key, CancellationToken cancellationToken)
    {
        var trace = LogTracing.CurrentHeaders();
        var found = new RecordPosition[missing.Length];
        await log.AppendAsync(topic, missing.Select(i => CreateRecord(read, i, key, trace)).ToArray(), found, cancellationToken);
        for (var i = 0; i < missing.Length; i++)
            positions[missing[i]] = found[i];
    }

    private static long StartOf(in PartitionStatus partition, IReadOnlyList<long> offsets) =>
        partition.Partition < offsets.Count ? offsets[partition.Partition] : partition.StartOffset;

    /// <summary>Looks for records by their idempotency key from some offsets on, and takes those that it finds out of the wanted ones.</summary>
    private async ValueTask SearchAsync(
        string topic, IReadOnlyList<long> since, Dictionary<string, int> wanted, RecordPosition[] positions, CancellationToken cancellationToken)
    {
        foreach (var partition in await PartitionsAsync(topic, cancellationToken))
            await SearchAsync(topic, partition, StartOf(partition, since), wanted, positions, cancellationToken);
    }

    private async ValueTask SearchAsync(
        string topic, PartitionStatus partition, long next, Dictionary<string, int> wanted, RecordPosition[] positions, CancellationToken cancellationToken)
    {
        next = Math.Max(next, partition.StartOffset);
        while (next < partition.EndOffset && wanted.Count > 0)
        {
            using var batch = await log.ReadAsync(topic, partition.Partition, next, cancellationToken: cancellationToken);

            // What is not read may well be there, and would be appended again.
            if (batch.NextOffset <= next)
                throw new TransientException($"Search topic {topic}, partition {partition.Partition}: nothing was read at offset {next}, though it ends at {partition.EndOffset}.");
            Match(batch, wanted, positions);
            next = batch.NextOffset;
        }
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
