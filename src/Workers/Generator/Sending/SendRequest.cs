namespace Pipeline.Workers.Generator;

/// <summary>A request to the shop API that can be repeated: its bytes and its key stay the same.</summary>
/// <param name="Method">PUT or POST.</param>
/// <param name="Path">The route, relative to the API's address.</param>
/// <param name="Key">The <c>Idempotency-Key</c>.</param>
/// <param name="Body">JSON.</param>
/// <param name="Records">How many records the body holds.</param>
/// <param name="Lane">Requests of one lane are sent one after the other.</param>
internal sealed record SendRequest(HttpMethod Method, string Path, string Key, ReadOnlyMemory<byte> Body, int Records, int Lane)
{
    public const string EventsPath = "SendEvent";
    public const string OrdersPath = "PurchasedItems";
}

internal enum SendResult
{
    Accepted,
    Rejected,
    Failed,
    Unanswered,
    Unsent,
}

/// <summary>How a request ended.</summary>
/// <param name="Result">What became of its records.</param>
/// <param name="Status">The last HTTP status, 0 without an answer.</param>
/// <param name="Reason">One sentence, when not accepted.</param>
internal readonly record struct SendOutcome(SendResult Result, int Status, string? Reason);
