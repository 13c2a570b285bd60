using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Workers.Generator;

/// <summary>Orders that go in one request. What it holds depends on the file and the options alone, so a repeated replay makes the same ones.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Orders">One or more.</param>
internal sealed record OrderBatch(long Number, IReadOnlyList<PurchasedOrder> Orders)
{
    private const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>
    /// The request. Its key is <c>replay-NUMBER-HASH</c>, HASH being the first 128 bits of the body's SHA-256: the same batch has the same key in
    /// every replay, and another body never has it.
    /// </summary>
    public SendRequest ToRequest(string? again)
    {
        var body = new ArrayBufferWriter<byte>(Orders.Count * 256);
        TrafficJson.Write(body, Orders);
        var hash = Convert.ToHexStringLower(SHA256.HashData(body.WrittenSpan).AsSpan(0, 16));
        var key = string.Create(CultureInfo.InvariantCulture, $"replay-{Number}-{hash}{(again is null ? "" : "-")}{again}");
        return new SendRequest(HttpMethod.Post, SendRequest.OrdersPath, key, body.WrittenMemory, Orders.Count, 0);
    }

    /// <summary>The two halves of a batch that was refused as a whole.</summary>
    public IEnumerable<OrderBatch> Split()
    {
        var half = Orders.Count / 2;
        yield return this with { Orders = [.. Orders.Take(half)] };
        yield return this with { Orders = [.. Orders.Skip(half)] };
    }

    /// <summary>
    /// Cuts orders into batches of at most so many orders and about 4 MiB of JSON, and, when a pace is given, of at most so much of the shop's time.
    /// </summary>
    public static async IAsyncEnumerable<OrderBatch> CutAsync(IAsyncEnumerable<PurchasedOrder> orders, int most, TimeSpan? span)
    {
        var number = 0L;
        var batch = new List<PurchasedOrder>();
        var bytes = 0L;
        var measure = new ArrayBufferWriter<byte>(1024);
        await foreach (var order in orders)
        {
            TrafficJson.Write(measure, order);
            var size = measure.WrittenCount + 1;
            measure.ResetWrittenCount();
            if (batch.Count > 0 && (batch.Count == most || bytes + size > MaxBytes || order.TimeStamp - batch[0].TimeStamp >= span))
            {
                yield return new OrderBatch(++number, batch);
                batch = [];
                bytes = 0;
            }

            batch.Add(order);
            bytes += size;
        }

        if (batch.Count > 0)
            yield return new OrderBatch(++number, batch);
    }
}
