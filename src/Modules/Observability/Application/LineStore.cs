using Microsoft.Extensions.Options;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

/// <summary>The newest log records of this process.</summary>
internal sealed class LineStore(IOptions<ObservabilityOptions> options, TimeProvider time)
{
    private const int MaxMessage = 8 << 10;
    private const int MaxException = 16 << 10;

    private readonly BoundedLog<KeptLine> _lines = new(options.Value.LogRecords, options.Value.LogBytes);
    private readonly Lock _lock = new();
    private long _last;

    /// <summary>Keeps a record. Long texts are cut.</summary>
    public void Add(LineLevel level, string category, string message, string? exception, SpanKey span)
    {
        message = Cut(message, MaxMessage);
        exception = exception is null ? null : Cut(exception, MaxException);

        // Who follows the log by numbers must not see a later one first.
        lock (_lock)
        {
            var line = new KeptLine(++_last, time.GetUtcNow(), level, category, message, exception, span.TraceId, span.SpanId);
            _lines.Add(line, line.EstimateBytes());
        }
    }

    /// <summary>The records, the oldest first.</summary>
    public KeptLine[] ToArray() => _lines.ToArray();

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length] + "…";
}
