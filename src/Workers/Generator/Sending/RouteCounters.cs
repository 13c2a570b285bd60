using System.Diagnostics.Metrics;

namespace Pipeline.Workers.Generator;

/// <summary>The running counts of one route, beside the metrics that count the same. Safe for concurrent use.</summary>
internal sealed class RouteCounters(string route, GeneratorMetrics metrics)
{
    private long _generated;
    private long _sent;
    private long _accepted;
    private long _rejected;
    private long _failed;
    private long _unanswered;
    private long _unsent;
    private long _skipped;
    private long _requests;
    private long _retried;
    private long _throttled;
    private string? _lastTrouble;

    /// <summary>The last reason for which a request was repeated, rejected or given up.</summary>
    public string? LastTrouble => Volatile.Read(ref _lastTrouble);

    public long Pending => Interlocked.Read(ref _generated) - Ended();

    public void Generated(int records) => Interlocked.Add(ref _generated, records);

    public void Skipped(int records)
    {
        Interlocked.Add(ref _skipped, records);
        metrics.Records(route, "skipped", records);
    }

    public void Requested(int records, bool first)
    {
        Interlocked.Increment(ref _requests);
        if (first)
        {
            Interlocked.Add(ref _sent, records);
            return;
        }

        Interlocked.Increment(ref _retried);
        metrics.Retried(route);
    }

    public void Troubled(string reason, bool throttled)
    {
        Volatile.Write(ref _lastTrouble, reason);
        if (!throttled)
            return;
        Interlocked.Increment(ref _throttled);
        metrics.Throttled(route);
    }

    public void Ended(SendOutcome outcome, int records)
    {
        if (outcome.Reason is not null)
            Volatile.Write(ref _lastTrouble, outcome.Reason);
        switch (outcome.Result)
        {
            case SendResult.Accepted:
                Interlocked.Add(ref _accepted, records);
                metrics.Records(route, "accepted", records);
                break;
            case SendResult.Rejected:
                Interlocked.Add(ref _rejected, records);
                metrics.Records(route, "rejected", records);
                break;
            case SendResult.Failed:
                Interlocked.Add(ref _failed, records);
                metrics.Records(route, "failed", records);
                break;
            case SendResult.Unanswered:
                Interlocked.Add(ref _unanswered, records);
                metrics.Records(route, "unanswered", records);
                break;
            default:
                Interlocked.Add(ref _unsent, records);
                metrics.Records(route, "unsent", records);
                break;
        }
    }

    public RouteCounts Snapshot()
    {
        // What ended is read before what was generated, so that Pending is never negative.
        var accepted = Interlocked.Read(ref _accepted);
        var rejected = Interlocked.Read(ref _rejected);
        var failed = Interlocked.Read(ref _failed);
        var unanswered = Interlocked.Read(ref _unanswered);
        var unsent = Interlocked.Read(ref _unsent);
        var generated = Interlocked.Read(ref _generated);
        return new RouteCounts(
            generated, Interlocked.Read(ref _sent), accepted, rejected, failed, unanswered, unsent,
            generated - accepted - rejected - failed - unanswered - unsent,
            Interlocked.Read(ref _skipped), Interlocked.Read(ref _requests), Interlocked.Read(ref _retried), Interlocked.Read(ref _throttled));
    }

    private long Ended() =>
        Interlocked.Read(ref _accepted) + Interlocked.Read(ref _rejected) + Interlocked.Read(ref _failed)
        + Interlocked.Read(ref _unanswered) + Interlocked.Read(ref _unsent);
}

/// <summary>The instruments of the meter <c>Pipeline.Generator</c>.</summary>
internal sealed class GeneratorMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Pipeline.Generator";

    private readonly Meter _meter;
    private readonly Counter<long> _records;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _throttled;

    /// <param name="factory">Owns the meter where a host has one; without it the meter is disposed with this object.</param>
    public GeneratorMetrics(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _records = _meter.CreateCounter<long>("pipeline.generator.records", "{record}", "Records by route and outcome.");
        _retries = _meter.CreateCounter<long>("pipeline.generator.retries", "{request}", "Requests that repeated one with the same key.");
        _throttled = _meter.CreateCounter<long>("pipeline.generator.throttled", "{answer}", "Answers that asked to come back later.");
    }

    public void Records(string route, string outcome, int count) => _records.Add(count, new("route", route), new("outcome", outcome));

    public void Retried(string route) => _retries.Add(1, new KeyValuePair<string, object?>("route", route));

    public void Throttled(string route) => _throttled.Add(1, new KeyValuePair<string, object?>("route", route));

    public void Dispose() => _meter.Dispose();
}
