namespace Pipeline.Workers.Generator;

/// <summary>
/// What became of the records of one route. While running,
/// <c>Generated = Accepted + Rejected + Failed + Unanswered + Unsent + Pending</c>; when stopped, Pending is 0.
/// </summary>
/// <param name="Generated">Records made for sending.</param>
/// <param name="Sent">Records sent at least once.</param>
/// <param name="Accepted">Records that the API answered with a success.</param>
/// <param name="Rejected">Records that the API refused for good, for example with 400.</param>
/// <param name="Failed">Records given up after retries: no answer, or answers that asked to come back.</param>
/// <param name="Unanswered">Records that were on the way when the run was stopped; they may have arrived.</param>
/// <param name="Unsent">Records never sent, because the run was stopped.</param>
/// <param name="Pending">Records that wait or are on the way.</param>
/// <param name="Skipped">Records not made because the API did not keep up with the rate.</param>
/// <param name="Requests">Requests sent, repeats included.</param>
/// <param name="Retried">Requests that repeated one, with the same <c>Idempotency-Key</c>.</param>
/// <param name="Throttled">Answers 429 or 503 with Retry-After.</param>
public sealed record RouteCounts(
    long Generated,
    long Sent,
    long Accepted,
    long Rejected,
    long Failed,
    long Unanswered,
    long Unsent,
    long Pending,
    long Skipped,
    long Requests,
    long Retried,
    long Throttled);
