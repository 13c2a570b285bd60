using Microsoft.Extensions.Options;

namespace Pipeline.Ingestion.Infrastructure.Http;

/// <summary>Bounds what is under way at once, in requests and in bytes, so that memory stays bounded whatever clients do.</summary>
internal sealed class InFlightLimit(IOptions<IngestionOptions> options)
{
    private readonly int _maxRequests = options.Value.MaxInFlightRequests;
    private readonly long _maxBytes = options.Value.MaxInFlightBytes;
    private int _requests;
    private long _bytes;

    /// <summary>Takes a place for a request of that size; false where there is none.</summary>
    public bool TryEnter(long bytes)
    {
        var requests = Interlocked.Increment(ref _requests);
        var total = Interlocked.Add(ref _bytes, bytes);
        if (requests <= _maxRequests && total <= _maxBytes)
            return true;
        Exit(bytes);
        return false;
    }

    /// <summary>Gives the place back.</summary>
    public void Exit(long bytes)
    {
        Interlocked.Decrement(ref _requests);
        Interlocked.Add(ref _bytes, -bytes);
    }
}
