using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Application;

/// <summary>What became of a request to publish.</summary>
/// <param name="Outcome">The kind of result.</param>
/// <param name="Answer">The JSON of the answer where the records were accepted, now or by an earlier request with the same key.</param>
/// <param name="Errors">What is wrong with the fields where the request is not valid.</param>
internal sealed record PublishResult(PublishOutcome Outcome, ReadOnlyMemory<byte> Answer = default, FieldErrors? Errors = null)
{
    public static PublishResult TooManyOrders { get; } = new(PublishOutcome.TooManyOrders);

    public static PublishResult KeyConflict { get; } = new(PublishOutcome.KeyConflict);

    public static PublishResult KeyInProgress { get; } = new(PublishOutcome.KeyInProgress);

    public static PublishResult Accepted(ReadOnlyMemory<byte> answer) => new(PublishOutcome.Accepted, answer);

    public static PublishResult Invalid(FieldErrors errors) => new(PublishOutcome.Invalid, Errors: errors);
}

/// <summary>The kinds of result; each has one HTTP status.</summary>
internal enum PublishOutcome
{
    /// <summary>All records are durable.</summary>
    Accepted,

    /// <summary>Nothing was stored: fields are wrong.</summary>
    Invalid,

    /// <summary>Nothing was stored: too many orders in one request.</summary>
    TooManyOrders,

    /// <summary>Nothing was stored: the idempotency key came with another body before.</summary>
    KeyConflict,

    /// <summary>Nothing was stored: a request with the same idempotency key is under way.</summary>
    KeyInProgress,
}
