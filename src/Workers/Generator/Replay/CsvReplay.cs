namespace Pipeline.Workers.Generator;

/// <summary>
/// Sends the orders of a retail file to <c>POST /PurchasedItems</c>, one batch after the other, in the file's order. A batch that is refused as a
/// whole is halved until only the orders at fault are refused. When the API is given up, the rest of the file is not tried.
/// </summary>
internal sealed class CsvReplay(ReplayOptions options, TimeProvider time, GeneratorMetrics metrics, RetryOptions? retry = null, Func<double>? jitter = null)
{
    private static readonly RetryOptions _patient = new() { GiveUpAfter = TimeSpan.FromMinutes(5) };

    private readonly RouteCounters _counters = new(SendRequest.OrdersPath, metrics);
    private long _batches;

    /// <summary>What became of the orders so far. Safe to read while it runs.</summary>
    public RouteCounts Counts => _counters.Snapshot();

    /// <inheritdoc cref="ReplayResult.LastTrouble" />
    public string? LastTrouble => _counters.LastTrouble;

    /// <summary>Reads and sends it all; a cancellation is an early end.</summary>
    /// <exception cref="TransientException">Nothing answers at the address; nothing was sent.</exception>
    /// <exception cref="TerminalException">The file cannot be read on; what came before it was sent.</exception>
    public async Task<ReplayResult> RunAsync(Stream csv, CsvReport report, CancellationToken cancellationToken)
    {
        using var client = new ShopClient(options.Url, 1, retry ?? _patient, time, jitter ?? Random.Shared.NextDouble, options.Key);
        var started = time.GetTimestamp();
        var complete = false;
        try
        {
            await client.ProbeAsync(cancellationToken);
            complete = await SendAllAsync(client, csv, report, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // An early end; the result says that it is not complete.
        }

        return new ReplayResult(complete, _batches, time.GetElapsedTime(started), Counts, LastTrouble);
    }

    private async Task<bool> SendAllAsync(ShopClient client, Stream csv, CsvReport report, CancellationToken cancellationToken)
    {
        TimeSpan? span = options.Speed is { } speed ? TimeSpan.FromSeconds(speed) : null;
        var orders = CsvOrders.ReadAsync(csv, report, options.Window, cancellationToken);
        Pace? pace = null;
        await foreach (var batch in OrderBatch.CutAsync(orders, options.Batch, span))
        {
            if (options.Speed is { } secondsPerSecond)
            {
                pace ??= new Pace(batch.Orders[0].TimeStamp, secondsPerSecond, time);
                await pace.WaitForAsync(batch.Orders[^1].TimeStamp, cancellationToken);
            }

            _batches++;
            _counters.Generated(batch.Orders.Count);
            if (!await SendAsync(client, batch, cancellationToken))
                return false;
        }

        return true;
    }

    /// <summary>Sends a batch or, when it is refused, its halves; false when there is no point in going on.</summary>
    private async Task<bool> SendAsync(ShopClient client, OrderBatch batch, CancellationToken cancellationToken)
    {
        var request = batch.ToRequest(options.Again);
        var outcome = await client.SendAsync(request, _counters, cancellationToken);
        if (outcome is { Result: SendResult.Rejected, Status: 400 or 413 or 422 } && batch.Orders.Count > 1)
        {
            var goOn = true;
            foreach (var half in batch.Split())
            {
                if (goOn)
                    goOn = await SendAsync(client, half, cancellationToken);
                else
                    _counters.Ended(new SendOutcome(SendResult.Unsent, 0, null), half.Orders.Count);
            }

            return goOn;
        }

        _counters.Ended(outcome, batch.Orders.Count);
        return outcome.Result is SendResult.Accepted or SendResult.Rejected;
    }

    /// <summary>Maps the shop's time to the clock's.</summary>
    private sealed class Pace(DateTimeOffset first, double speed, TimeProvider time)
    {
        private readonly long _started = time.GetTimestamp();

        public async Task WaitForAsync(DateTimeOffset shopTime, CancellationToken cancellationToken)
        {
            var due = (shopTime - first) / speed;
            while (due - time.GetElapsedTime(_started) is { } wait && wait > TimeSpan.Zero)
            {
                var part = TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(wait.TotalMilliseconds), int.MaxValue));
                await Task.Delay(part, time, cancellationToken);
            }
        }
    }
}
