namespace Pipeline.Workers.Generator;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Traffic generator {RunId} sends to {Url}: {EventsPerSecond} events/s, {OrdersPerSecond} orders/s, seed {Seed}.")]
    public static partial void GeneratorStarted(ILogger logger, string runId, Uri url, double eventsPerSecond, double ordersPerSecond, int seed);

    [LoggerMessage(2, LogLevel.Information,
        "Traffic generator {RunId} ended: {Events} events and {Orders} orders accepted; {Rejected} records rejected, {Failed} failed, {Skipped} skipped.")]
    public static partial void GeneratorEnded(ILogger logger, string runId, long events, long orders, long rejected, long failed, long skipped);

    [LoggerMessage(3, LogLevel.Warning,
        "Traffic generator: in the last {Seconds} s {Rejected} records were rejected, {Failed} failed and {Skipped} were skipped; last trouble: {Trouble}")]
    public static partial void GeneratorTroubled(ILogger logger, double seconds, long rejected, long failed, long skipped, string? trouble);
}
