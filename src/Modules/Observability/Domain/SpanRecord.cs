namespace Pipeline.Observability.Domain;

/// <summary>An ended span as it is kept: immutable, ids as numbers.</summary>
internal sealed class SpanRecord
{
    private const int ObjectBytes = 200;
    private const int TextBytes = 32;
    private const int LinkBytes = 32;

    public required SpanKey Key { get; init; }

    /// <summary>0 where there is none.</summary>
    public ulong ParentId { get; init; }

    public required string Name { get; init; }

    public required string Source { get; init; }

    public required string Kind { get; init; }

    public DateTime StartedAt { get; init; }

    public TimeSpan Duration { get; init; }

    public SpanStatus Status { get; init; }

    public string? StatusMessage { get; init; }

    public KeyValuePair<string, string>[] Tags { get; init; } = [];

    public SpanEvent[] Events { get; init; } = [];

    public SpanKey[] Links { get; init; } = [];

    /// <summary>Whether it is to be found among the errors; a request that was refused is, though OpenTelemetry sees no error of a server in that.</summary>
    public bool Failed { get; init; }

    public DateTime EndedAt => StartedAt + Duration;

    /// <summary>About how many bytes it takes; names that are shared are not counted.</summary>
    public int EstimateBytes()
    {
        var bytes = ObjectBytes + Size(Tags) + (Links.Length * LinkBytes) + (StatusMessage?.Length * sizeof(char) ?? 0);
        foreach (var happened in Events)
            bytes += TextBytes + Size(happened.Tags);
        return bytes;
    }

    private static int Size(KeyValuePair<string, string>[] tags)
    {
        var bytes = 0;
        foreach (var (_, value) in tags)
            bytes += TextBytes + (value.Length * sizeof(char));
        return bytes;
    }
}

/// <summary>How a span ended.</summary>
internal enum SpanStatus : byte
{
    Unset,
    Ok,
    Error,
}

/// <summary>Something that happened within a span.</summary>
internal sealed record SpanEvent(string Name, DateTime At, KeyValuePair<string, string>[] Tags);
