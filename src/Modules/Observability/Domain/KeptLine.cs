namespace Pipeline.Observability.Domain;

/// <summary>A log record as it is kept.</summary>
internal sealed record KeptLine(
    long Number, DateTimeOffset At, LineLevel Level, string Category, string Message, string? Exception, UInt128 TraceId, ulong SpanId)
{
    private const int ObjectBytes = 160;

    public int EstimateBytes() => ObjectBytes + ((Message.Length + (Exception?.Length ?? 0)) * sizeof(char));

    public bool Contains(string text) =>
        Message.Contains(text, StringComparison.OrdinalIgnoreCase) || Category.Contains(text, StringComparison.OrdinalIgnoreCase)
        || Exception?.Contains(text, StringComparison.OrdinalIgnoreCase) == true;
}

/// <summary>How grave a log record is; the names and numbers of Microsoft.Extensions.Logging.</summary>
internal enum LineLevel : byte
{
    Trace,
    Debug,
    Information,
    Warning,
    Error,
    Critical,
}
