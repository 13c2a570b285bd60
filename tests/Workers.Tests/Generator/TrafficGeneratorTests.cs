using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Ingestion.Contracts;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class TrafficGeneratorTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task Run_EverySecond_SendsABatchToBothRoutes()
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, events: 20, orders: 3);
        using var stop = new CancellationTokenSource();
        var run = generator.RunAsync(null, stop.Token);
        for (var second = 1; second <= 3; second++)
        {
            Assert.Equal(20, (await shop.NextAsync(21)).Count(r => r.Path == "/SendEvent"));
            await SettledAsync(generator);
            Assert.Equal((20 * second, 3 * second), (generator.Status.Events.Accepted, generator.Status.Orders.Accepted));
            await TickAsync(generator);
        }

        await shop.NextAsync(21);
        await stop.CancelAsync();
        await run;

        var status = generator.Status;
        Assert.Equal(GeneratorState.Ended, status.State);
        Assert.Equal(new RouteCounts(80, 80, 80, 0, 0, 0, 0, 0, 0, 80, 0, 0), status.Events);
        Assert.Equal(new RouteCounts(12, 12, 12, 0, 0, 0, 0, 0, 0, 4, 0, 0), status.Orders);
        Assert.Equal(84, shop.Appended.Count);
        foreach (var received in shop.Requests)
        {
            if (received.Path == "/SendEvent")
                Assert.Contains(JsonSerializer.Deserialize<UserEvent>(received.Body)!.EventName, EventNames.All);
            else
                Assert.Equal(3, JsonSerializer.Deserialize<PurchasedOrder[]>(received.Body)!.Length);
        }
    }

    [Fact]
    public async Task Run_EventsOfAUser_ArriveInOrder()
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, events: 400, orders: 0, o => o.Users = 10);
        using var stop = new CancellationTokenSource();
        var run = generator.RunAsync(null, stop.Token);
        var arrived = await shop.NextAsync(400);
        await stop.CancelAsync();
        await run;

        var byUser = arrived.Select(r => JsonSerializer.Deserialize<UserEvent>(r.Body)!).GroupBy(e => e.UserId).ToArray();
        Assert.InRange(byUser.Length, 2, 10);
        Assert.All(byUser, events => Assert.Equal(events.Select(e => e.TimeStamp).Order(), events.Select(e => e.TimeStamp)));
    }

    [Fact]
    public async Task Run_FractionsOfARate_AddUp()
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, events: 1, orders: 0.25);
        using var stop = new CancellationTokenSource();
        var run = generator.RunAsync(null, stop.Token);
        for (var second = 1; second <= 12; second++)
        {
            await Wait.UntilAsync(() => generator.Status.Events.Accepted == second);
            await SettledAsync(generator);
            Assert.Equal(second / 4, generator.Status.Orders.Accepted);
            await TickAsync(generator);
        }

        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public async Task Run_ApiDoesNotKeepUp_HoldsBackTwoSecondsAndSkipsTheRest()
    {
        var gate = new TaskCompletionSource();
        await using var shop = await FakeShop.StartAsync(_ => Answer.When(gate.Task));
        using var generator = Create(shop, events: 50, orders: 10);
        using var stop = new CancellationTokenSource();
        var run = generator.RunAsync(null, stop.Token);
        for (var second = 1; second <= 4; second++)
        {
            Assert.Equal(50 * Math.Max(0, second - 2), generator.Status.Events.Skipped);
            await TickAsync(generator);
        }

        Assert.Equal((100, 100, 20), (generator.Status.Events.Generated, generator.Status.Events.Pending, generator.Status.Orders.Pending));
        gate.SetResult();
        await SettledAsync(generator);
        await TickAsync(generator);
        await Wait.UntilAsync(() => generator.Status.Events.Accepted == 150);
        await stop.CancelAsync();
        await run;

        Assert.Equal((150, 150), (generator.Status.Events.Generated, generator.Status.Events.Skipped));
        Assert.Equal((30, 30), (generator.Status.Orders.Generated, generator.Status.Orders.Skipped));
    }

    [Fact]
    public async Task Run_TroubleOfAllKinds_CountsAndAppendsEachRecordOnce()
    {
        await using var shop = await FakeShop.StartAsync(r => (Math.Abs(r.Key.GetHashCode(StringComparison.Ordinal)) % 6, r.Attempt) switch
        {
            (0, 1) => Answer.TakenThenReset,
            (1, 1) => new Answer(503),
            (2, 1) => Answer.Reset,
            (3, 1) => new Answer(503, RetryAfter: "0"),
            (4, _) => new Answer(400),
            _ => Answer.Accepted,
        });
        using var generator = Create(shop, events: 200, orders: 20, o =>
        {
            o.OrdersPerRequest = 2;
            o.DrainTimeout = TimeSpan.FromMinutes(5);
        });
        using var stop = new CancellationTokenSource();
        var run = generator.RunAsync(null, stop.Token);
        await shop.NextAsync();
        await stop.CancelAsync();
        while (!run.IsCompleted)
        {
            await Task.WhenAny(run, Task.Delay(10));
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        await run;
        var (events, orders) = (generator.Status.Events, generator.Status.Orders);
        Assert.Equal((200, 0, 0, 0), (events.Accepted + events.Rejected, events.Failed, events.Unanswered + events.Unsent, events.Pending));
        Assert.Equal((20, 0, 0, 0), (orders.Accepted + orders.Rejected, orders.Failed, orders.Unanswered + orders.Unsent, orders.Pending));
        Assert.Equal(shop.Requests.Count, events.Requests + orders.Requests);
        Assert.Equal(shop.Requests.Count(r => r.Attempt > 1), events.Retried + orders.Retried);
        Assert.Equal(events.Accepted + (orders.Accepted / 2), shop.Appended.Count);
        Assert.Empty(shop.KeysWithTwoBodies);
        Assert.Empty(shop.BodiesWithTwoKeys);
    }

    [Fact]
    public async Task Control_StopSetRateStart_CountsFromTheNextSecond()
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, events: 10, orders: 0, o => o.Autostart = false);
        using var stop = new CancellationTokenSource();
        Assert.Equal(GeneratorState.Waiting, generator.Status.State);
        var run = generator.RunAsync(null, stop.Token);
        Assert.Equal(GeneratorState.Stopped, generator.Status.State);
        await TickAsync(generator);

        generator.Start();
        await TickAsync(generator);
        await Wait.UntilAsync(() => generator.Status.Events.Accepted == 10);
        Assert.Equal(GeneratorState.Running, generator.Status.State);

        generator.SetRate(new TrafficRate(25, 0));
        await TickAsync(generator);
        await Wait.UntilAsync(() => generator.Status.Events.Accepted == 35);

        generator.Stop();
        await TickAsync(generator);
        await TickAsync(generator);
        await stop.CancelAsync();
        await run;
        Assert.Equal(35, shop.Requests.Count);
        Assert.Equal(0, generator.Status.Events.Skipped);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 100_001)]
    [InlineData(double.NaN, 0)]
    public async Task SetRate_OutOfBounds_IsRefused(double events, double orders)
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, 10, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.SetRate(new TrafficRate(events, orders)));
        Assert.Equal(new TrafficRate(10, 1), generator.Status.Rate);
    }

    [Fact]
    public async Task Run_Duration_EndsByItself()
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, events: 10, orders: 0, o => o.Duration = TimeSpan.FromSeconds(3));
        var run = generator.RunAsync(null, CancellationToken.None);
        for (var second = 1; second <= 3; second++)
        {
            await shop.NextAsync(10);
            await SettledAsync(generator);
            await TickAsync(generator);
        }

        await run.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((30, 30), (generator.Status.Events.Accepted, shop.Requests.Count));
    }

    [Fact]
    public async Task Run_EndPassedWhileTicksWereMissed_MakesTheirBatchesToo()
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, events: 10, orders: 0, o =>
        {
            o.Duration = TimeSpan.FromSeconds(3);
            o.DrainTimeout = TimeSpan.FromMinutes(1);
        });
        var run = generator.RunAsync(null, CancellationToken.None);
        await shop.NextAsync(10);
        await SettledAsync(generator);
        _clock.Advance(TimeSpan.FromSeconds(5));
        await shop.NextAsync(20);
        await SettledAsync(generator);
        await TickAsync(generator);

        await run.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((30, 30), (generator.Status.Events.Accepted, shop.Requests.Count));
    }

    [Fact]
    public async Task Run_StoppedWhileNothingAnswers_EndsAfterTheDrainTimeoutAndCountsWhatIsLeft()
    {
        var never = new TaskCompletionSource();
        await using var shop = await FakeShop.StartAsync(_ => Answer.When(never.Task));
        using var generator = Create(shop, events: 20, orders: 0, o => o.EventConnections = 4);
        using var stop = new CancellationTokenSource();
        var run = generator.RunAsync(null, stop.Token);
        var onTheWay = (await shop.NextAsync(1)).Count;
        await stop.CancelAsync();
        await _clock.TimerAsync(due => due == TimeSpan.FromSeconds(2));
        Assert.False(run.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await run.WaitAsync(TimeSpan.FromSeconds(30));

        var events = generator.Status.Events;
        Assert.Equal(20, events.Unanswered + events.Unsent);
        Assert.InRange(events.Unanswered, onTheWay, 4);
        Assert.Equal(events.Unanswered, events.Sent);
        Assert.Equal(0, events.Pending);
    }

    [Fact]
    public async Task Run_WithinAnActivity_PassesItsTraceOn()
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, events: 2, orders: 1, o => o.Duration = _second);
        using var activity = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        var run = generator.RunAsync(null, CancellationToken.None);
        var arrived = await shop.NextAsync(3);
        await TickAsync(generator);
        await run;
        Assert.All(arrived, r => Assert.Contains(activity.TraceId.ToHexString(), r.TraceParent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_TickMissed_MakesItsBatchToo()
    {
        await using var shop = await FakeShop.StartAsync();
        using var generator = Create(shop, events: 10, orders: 0);
        using var stop = new CancellationTokenSource();
        var run = generator.RunAsync(null, stop.Token);
        await SettledAsync(generator);
        _clock.Advance(TimeSpan.FromSeconds(2.1));
        await Wait.UntilAsync(() => generator.Status.Events.Accepted == 30);
        Assert.Equal(0, generator.Status.Events.Skipped);
        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public async Task Metrics_OfARun_CountTheSame()
    {
        var measured = new ConcurrentDictionary<string, long>();
        using var listener = new MeterListener();
        await using var shop = await FakeShop.StartAsync(r => r.Key.EndsWith('1') ? new Answer(400) : Answer.Accepted);
        using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = meters.GetRequiredService<IMeterFactory>();
        var metrics = new GeneratorMetrics(factory);
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "Pipeline.Generator" && instrument.Meter.Scope == factory)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            measured.AddOrUpdate($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(t => t.Value))}", value, (_, sum) => sum + value));
        listener.Start();

        using var generator = new TrafficGenerator(
            new GeneratorOptions { Url = shop.Url, EventsPerSecond = 25, OrdersPerSecond = 0, Duration = _second }, _clock, metrics);
        var run = generator.RunAsync(null, CancellationToken.None);
        await SettledAsync(generator);
        _clock.Advance(_second);
        await run;
        Assert.Equal((22, 3), (generator.Status.Events.Accepted, generator.Status.Events.Rejected));
        Assert.Equal(22, measured["pipeline.generator.records SendEvent accepted"]);
        Assert.Equal(3, measured["pipeline.generator.records SendEvent rejected"]);
    }

    [Fact]
    public void Options_AllWrong_NamesEach()
    {
        var options = new GeneratorOptions
        {
            Url = new Uri("ftp://x"), EventsPerSecond = -1, OrdersPerSecond = double.NaN, Users = 0, Products = 0, Duration = TimeSpan.Zero,
            EventConnections = 0, OrdersPerRequest = 10_001, DrainTimeout = TimeSpan.FromSeconds(-1),
        };
        Assert.Equal(9, options.Validate().Count);
        Assert.Empty(new GeneratorOptions().Validate());
    }

    private TrafficGenerator Create(FakeShop shop, double events, double orders, Action<GeneratorOptions>? configure = null)
    {
        var options = new GeneratorOptions { Url = shop.Url, Seed = 1, EventsPerSecond = events, OrdersPerSecond = orders };
        configure?.Invoke(options);
        return new TrafficGenerator(options, _clock, new GeneratorMetrics(), jitter: () => 0);
    }

    /// <summary>Lets a second pass and waits until its batch is made.</summary>
    private async Task TickAsync(TrafficGenerator generator)
    {
        var ticks = generator.Ticks;
        _clock.Advance(_second);
        await Wait.UntilAsync(() => generator.Ticks > ticks || generator.Status.State == GeneratorState.Ended);
    }

    private static Task SettledAsync(TrafficGenerator generator) =>
        Wait.UntilAsync(() => generator.Status.Events.Pending + generator.Status.Orders.Pending == 0);
}
