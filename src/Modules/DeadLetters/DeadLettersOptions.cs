namespace Pipeline.DeadLetters;

/// <summary>How dead letters are shown and replayed. Bound from the section <c>DeadLetters</c>.</summary>
public sealed class DeadLettersOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "DeadLetters";

    /// <summary>The most letters that one request replays, 1 to 100,000.</summary>
    public int MaxReplay { get; set; } = 10_000;

    /// <summary>How many letters are replayed at once, 1 to 256.</summary>
    public int ParallelReplays { get; set; } = 16;

    /// <summary>How long a request may look at new letters before it answers with what is known, 10 ms to 1 min.</summary>
    public TimeSpan CatchUpTime { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long after its beginning a replay whose end was not recorded may be discarded: then it is certainly not under way. 1 min to 1 d.</summary>
    public TimeSpan ReplayTimeout { get; set; } = TimeSpan.FromMinutes(5);
}
