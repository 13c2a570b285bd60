namespace Pipeline.Ingestion.Contracts;

/// <summary>A request that was refused.</summary>
/// <param name="At">When.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path.</param>
/// <param name="Status">The HTTP status of the answer.</param>
/// <param name="Reason">Why, as counted.</param>
/// <param name="Errors">What is wrong, by field; at most 20 fields.</param>
/// <param name="Body">The beginning of the body, at most 2,048 bytes, as far as it was read.</param>
public sealed record RejectedRequest(
    DateTimeOffset At, string Method, string Path, int Status, RejectionReason Reason, IReadOnlyDictionary<string, string>? Errors, string? Body);

/// <summary>The refused requests of this process since it started.</summary>
/// <param name="Counts">How many, by reason.</param>
/// <param name="Requests">The newest ones, newest first.</param>
public sealed record RejectedRequests(IReadOnlyDictionary<string, long> Counts, IReadOnlyList<RejectedRequest> Requests);

/// <summary>Why a request was refused.</summary>
public enum RejectionReason
{
    /// <summary>400: fields are wrong, or the body is no JSON.</summary>
    Invalid,

    /// <summary>409: the idempotency key came with another body, or a request with it is under way.</summary>
    IdempotencyConflict,

    /// <summary>413: too many bytes or orders.</summary>
    TooLarge,

    /// <summary>415: not JSON by its content type.</summary>
    UnsupportedMediaType,

    /// <summary>429: too many requests are under way.</summary>
    TooManyRequests,

    /// <summary>503: the log cannot take records now.</summary>
    Unavailable,
}
