using System.Buffers;
using System.Globalization;

namespace Pipeline.Workers.Generator;

/// <summary>
/// Sends a new batch of made-up shop traffic every second: events one a request, orders as arrays. At most two seconds' worth waits or is on the
/// way: when the API does not keep up, the rest is not made but counted as skipped.
/// </summary>
internal sealed class TrafficGenerator : IGeneratorControl, IDisposable
{
    private const int OrderLanes = 2;
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly GeneratorOptions _options;
    private readonly TimeProvider _time;
    private readonly RetryOptions _retry;
    private readonly Func<double> _jitter;
    private readonly ShopTraffic _traffic;
    private readonly GeneratorMetrics _metrics;
    private readonly RouteCounters _events;
    private readonly RouteCounters _orders;
    private readonly int _seed;
    private TrafficRate _rate;
    private Uri _url;
    private volatile GeneratorState _state = GeneratorState.Waiting;
    private long _started;
    private long _ended;
    private bool _making;
    private double _eventCredit;
    private double _orderCredit;
    private long _eventNumber;
    private long _orderNumber;
    private long _ticks;

    public TrafficGenerator(GeneratorOptions options, TimeProvider time, GeneratorMetrics metrics, RetryOptions? retry = null, Func<double>? jitter = null)
    {
        _options = options;
        _time = time;
        _metrics = metrics;
        _retry = retry ?? new RetryOptions();
        _jitter = jitter ?? Random.Shared.NextDouble;
        _seed = options.Seed ?? Random.Shared.Next();
        _rate = options.Rate;
        _url = options.Url;
        _making = options.Autostart;
        _traffic = new ShopTraffic(options.Traffic(_seed), time);
        _events = new RouteCounters(SendRequest.EventsPath, metrics);
        _orders = new RouteCounters(SendRequest.OrdersPath, metrics);
    }

    public GeneratorStatus Status
    {
        get
        {
            var state = _state;
            if (state == GeneratorState.Running && !Volatile.Read(ref _making))
                state = GeneratorState.Stopped;
            var elapsed = state switch
            {
                GeneratorState.Waiting => TimeSpan.Zero,
                GeneratorState.Ended => _time.GetElapsedTime(_started, _ended),
                _ => _time.GetElapsedTime(_started),
            };
            return new GeneratorStatus(
                state, Volatile.Read(ref _rate), Volatile.Read(ref _url), _seed, _traffic.RunId, elapsed, _events.Snapshot(), _orders.Snapshot(),
                _orders.LastTrouble ?? _events.LastTrouble);
        }
    }

    /// <summary>How many seconds have been worked off, those without traffic too.</summary>
    internal long Ticks => Interlocked.Read(ref _ticks);

    public void Start() => Volatile.Write(ref _making, true);

    public void Stop() => Volatile.Write(ref _making, false);

    public void SetRate(TrafficRate rate)
    {
        ArgumentNullException.ThrowIfNull(rate);
        if (string.Join(' ', rate.Validate()) is { Length: > 0 } failures)
            throw new ArgumentOutOfRangeException(nameof(rate), failures);
        Volatile.Write(ref _rate, rate);
    }

    /// <summary>Runs until its duration is over or it is cancelled; a cancellation is a normal end. Once only.</summary>
    /// <param name="url">The API's address, when it is known only now.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Uri? url, CancellationToken cancellationToken)
    {
        if (url is not null)
            Volatile.Write(ref _url, url);
        using var client = new ShopClient(_url, _options.EventConnections + OrderLanes, _retry, _time, _jitter, _options.Key);
        await using var events = new SendQueue(_options.EventConnections, client, _events);
        await using var orders = new SendQueue(OrderLanes, client, _orders);
        _started = _time.GetTimestamp();
        _state = GeneratorState.Running;
        try
        {
            using var timer = new PeriodicTimer(_interval, _time);
            var last = _options.Duration is { } duration ? (long)Math.Ceiling(duration / _interval) : long.MaxValue;
            var due = 1L;
            var done = 0L;
            do
            {
                await events.ThrowIfFaultedAsync();
                await orders.ThrowIfFaultedAsync();
                due = Math.Min(due, last);
                Tick((int)Math.Min(due - done, int.MaxValue), events, orders);
                Interlocked.Increment(ref _ticks);
                done = due;
                await timer.WaitForNextTickAsync(cancellationToken);

                // Seconds are counted from the start: a tick that comes a little early or late, after the end even, makes neither less nor more.
                due = 1 + (long)Math.Round(_time.GetElapsedTime(_started) / _interval);
            }
            while (done < last || due <= last);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The normal end of a run without a duration; what is on the way is still waited for below.
        }
        finally
        {
            await Task.WhenAll(events.DrainAsync(_options.DrainTimeout, _time), orders.DrainAsync(_options.DrainTimeout, _time));
            _ended = _time.GetTimestamp();
            _state = GeneratorState.Ended;
        }
    }

    public void Dispose() => _metrics.Dispose();

    private void Tick(int seconds, SendQueue events, SendQueue orders)
    {
        var rate = Volatile.Read(ref _rate);
        if (!Volatile.Read(ref _making))
        {
            _eventCredit = _orderCredit = 0;
            return;
        }

        var eventCount = Due(ref _eventCredit, rate.EventsPerSecond, seconds, _events);
        var orderCount = Due(ref _orderCredit, rate.OrdersPerSecond, seconds, _orders);
        if (eventCount == 0 && orderCount == 0)
            return;

        var batch = _traffic.Next(eventCount, orderCount);
        var buffer = new ArrayBufferWriter<byte>(256);
        foreach (var userEvent in batch.Events)
        {
            TrafficJson.Write(buffer, userEvent);
            events.Enqueue(new SendRequest(
                HttpMethod.Put, SendRequest.EventsPath, Key('e', ++_eventNumber), Taken(buffer), 1,
                (int)((uint)userEvent.UserId.GetHashCode(StringComparison.Ordinal) % (uint)_options.EventConnections)));
        }

        foreach (var chunk in batch.Orders.Chunk(_options.OrdersPerRequest))
        {
            TrafficJson.Write(buffer, chunk);
            orders.Enqueue(new SendRequest(
                HttpMethod.Post, SendRequest.OrdersPath, Key('o', ++_orderNumber), Taken(buffer), chunk.Length, (int)(_orderNumber % OrderLanes)));
        }
    }

    /// <summary>How many records are to be made now; what the queue has no room for is skipped.</summary>
    private static int Due(ref double credit, double perSecond, int seconds, RouteCounters counters)
    {
        credit += perSecond * seconds;
        var due = (int)Math.Min(Math.Floor(credit + 1e-9), int.MaxValue);
        credit = Math.Max(0, credit - due);
        var room = (2 * (long)Math.Max(1, Math.Ceiling(perSecond))) - counters.Pending;
        var made = (int)Math.Clamp(room, 0, due);
        if (due > made)
            counters.Skipped(due - made);
        return made;
    }

    private string Key(char kind, long number) => string.Create(CultureInfo.InvariantCulture, $"gen-{_traffic.RunId}-{kind}{number}");

    private static ReadOnlyMemory<byte> Taken(ArrayBufferWriter<byte> buffer)
    {
        var bytes = buffer.WrittenSpan.ToArray();
        buffer.ResetWrittenCount();
        return bytes;
    }
}
