using Microsoft.Extensions.Options;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion.Application;

/// <summary>Counts refused requests and keeps the newest ones in memory.</summary>
internal sealed class RejectionLog(IOptions<IngestionOptions> options)
{
    private readonly Lock _lock = new();
    private readonly RejectedRequest?[] _ring = new RejectedRequest?[options.Value.RejectedKept];
    private readonly long[] _counts = new long[Enum.GetValues<RejectionReason>().Length];
    private long _next;

    public void Add(RejectedRequest request)
    {
        IngestionMetrics.Rejected(request.Reason);
        lock (_lock)
        {
            _counts[(int)request.Reason]++;
            _ring[_next++ % _ring.Length] = request;
        }
    }

    public RejectedRequests Read(RejectionReason? reason, int limit)
    {
        lock (_lock)
        {
            var counts = Enum.GetValues<RejectionReason>().ToDictionary(r => r.ToString(), r => _counts[(int)r]);
            var newest = new List<RejectedRequest>(Math.Min(limit, _ring.Length));
            for (var i = _next - 1; i >= Math.Max(0, _next - _ring.Length) && newest.Count < limit; i--)
            {
                var request = _ring[i % _ring.Length]!;
                if (reason is null || request.Reason == reason)
                    newest.Add(request);
            }

            return new RejectedRequests(counts, newest);
        }
    }
}
