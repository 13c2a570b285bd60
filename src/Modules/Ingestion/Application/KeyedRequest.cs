namespace Pipeline.Ingestion.Application;

/// <summary>A request with an idempotency key that is under way in this process.</summary>
/// <param name="bodyHash">SHA-256 of its body.</param>
internal sealed class KeyedRequest(byte[] bodyHash)
{
    private readonly TaskCompletionSource<PublishResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public byte[] BodyHash { get; } = bodyHash;

    /// <summary>What became of it.</summary>
    public Task<PublishResult> Result => _result.Task;

    public bool HasBodyOf(KeyedRequest other) => BodyHash.AsSpan().SequenceEqual(other.BodyHash);

    public void Answer(PublishResult result) => _result.SetResult(result);

    public void Fail(Exception exception)
    {
        _result.SetException(exception);

        // Mostly nobody else waits for it; whoever made the request has the exception already.
        _ = _result.Task.Exception;
    }
}
