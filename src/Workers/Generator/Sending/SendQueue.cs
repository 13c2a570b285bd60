using System.Threading.Channels;

namespace Pipeline.Workers.Generator;

/// <summary>
/// Sends the requests of one route over a few lanes at a time, in order within a lane. It does not bound what waits: who enqueues looks at
/// <see cref="RouteCounters.Pending"/> first.
/// </summary>
internal sealed class SendQueue : IAsyncDisposable
{
    private readonly Channel<SendRequest>[] _lanes;
    private readonly Task[] _workers;
    private readonly ShopClient _client;
    private readonly RouteCounters _counters;
    private readonly CancellationTokenSource _stop = new();

    public SendQueue(int lanes, ShopClient client, RouteCounters counters)
    {
        _client = client;
        _counters = counters;
        _lanes = new Channel<SendRequest>[lanes];
        _workers = new Task[lanes];
        for (var i = 0; i < lanes; i++)
        {
            var lane = _lanes[i] = Channel.CreateUnbounded<SendRequest>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
            _workers[i] = Task.Run(() => WorkAsync(lane.Reader, _stop.Token));
        }
    }

    /// <summary>Takes a request to send; a lane beyond the number of lanes wraps around.</summary>
    public void Enqueue(SendRequest request)
    {
        _counters.Generated(request.Records);
        if (!_lanes[request.Lane % _lanes.Length].Writer.TryWrite(request))
            _counters.Ended(new SendOutcome(SendResult.Unsent, 0, null), request.Records);
    }

    /// <summary>Throws what ended a lane, if anything did: that is a fault of the program, not of the API.</summary>
    public async ValueTask ThrowIfFaultedAsync()
    {
        foreach (var worker in _workers)
        {
            if (worker.IsFaulted)
                await worker;
        }
    }

    /// <summary>Takes no more, lets what waits be sent for at most so long, then stops; what is left is counted as unsent or unanswered.</summary>
    public async Task DrainAsync(TimeSpan patience, TimeProvider time)
    {
        foreach (var lane in _lanes)
            lane.Writer.TryComplete();
        var work = Task.WhenAll(_workers);
        try
        {
            await work.WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            await _stop.CancelAsync();
            await work;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes)
            lane.Writer.TryComplete();
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _stop.Dispose();
    }

    private async Task WorkAsync(ChannelReader<SendRequest> lane, CancellationToken stop)
    {
        // Not cancelled itself: after a stop every request left passes through and is counted.
        await foreach (var request in lane.ReadAllAsync(CancellationToken.None))
        {
            var outcome = await _client.SendAsync(request, _counters, stop);
            _counters.Ended(outcome, request.Records);
        }
    }
}
