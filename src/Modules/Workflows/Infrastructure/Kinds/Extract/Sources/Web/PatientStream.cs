namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Web;

/// <summary>A stream that gives up where the other side is silent for too long, and whose errors are those of this program.</summary>
internal sealed class PatientStream(Stream inner, string name, TimeSpan patience, TimeProvider time) : ForwardStream
{
    private CancellationTokenSource _silence = new(Timeout.InfiniteTimeSpan, time);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_silence.TryReset())
        {
            _silence.Dispose();
            _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        }

        _silence.CancelAfter(patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _silence.Token);
        try
        {
            return await inner.ReadAsync(buffer, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientException($"{name}: no byte came for {patience.TotalSeconds:0.#} s.", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new TransientException($"{name}: the answer broke off: {e.Message}", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _silence.Dispose();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
