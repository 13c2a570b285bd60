namespace Pipeline.Workers.Generator;

/// <summary>How long to try. A wait that the API asks for with Retry-After is always kept, however long.</summary>
internal sealed record RetryOptions
{
    /// <summary>After this long without an answer a request is repeated.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The pause before the first repeat; it doubles up to <see cref="MaxDelay"/>, and each is shortened by up to half at random.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A request that fails this long after its first attempt is given up.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromSeconds(60);
}
