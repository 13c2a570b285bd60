namespace Pipeline.Workflows.Contracts;

/// <summary>What came of a request that may be refused for a reason that the asker can mend.</summary>
/// <typeparam name="T">What it answers.</typeparam>
/// <param name="Value">The answer; null where it was refused.</param>
/// <param name="Refusal">Why it was refused; null where it was not.</param>
public sealed record Outcome<T>(T? Value, Refusal? Refusal)
    where T : class
{
    /// <summary>An answer.</summary>
    public static implicit operator Outcome<T>(T value) => new(value, null);

    /// <summary>A refusal.</summary>
    public static implicit operator Outcome<T>(Refusal refusal) => new(null, refusal);
}

/// <summary>Why a request was refused.</summary>
/// <param name="Kind">The kind of reason.</param>
/// <param name="Message">The reason, as a sentence that names what there is instead.</param>
public sealed record Refusal(RefusalKind Kind, string Message);

/// <summary>The kinds of reasons for a refusal.</summary>
public enum RefusalKind
{
    /// <summary>What was asked for is not there.</summary>
    NotFound,

    /// <summary>It is there, but in a state in which this cannot be done.</summary>
    Conflict,
}
