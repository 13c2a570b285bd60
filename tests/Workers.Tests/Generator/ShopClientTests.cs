using System.Net;
using System.Net.Sockets;
using System.Text;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class ShopClientTests : IAsyncLifetime, IDisposable
{
    private readonly ManualTimeProvider _clock = new();
    private readonly GeneratorMetrics _metrics = new();
    private readonly RouteCounters _counters;
    private readonly CancellationTokenSource _stop = new();
    private Func<Received, Answer> _answer = _ => Answer.Accepted;
    private FakeShop _shop = null!;
    private ShopClient _client = null!;

    public ShopClientTests() => _counters = new RouteCounters("test", _metrics);

    public async Task InitializeAsync()
    {
        _shop = await FakeShop.StartAsync(r => _answer(r));
        _client = new ShopClient(_shop.Url, 4, new RetryOptions(), _clock, () => 0);
    }

    public async Task DisposeAsync() => await _shop.DisposeAsync();

    public void Dispose()
    {
        _client.Dispose();
        _metrics.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Send_Accepted_SendsOnceWithKeyTypeAndBody()
    {
        var outcome = await Send("k1");
        Assert.Equal(new SendOutcome(SendResult.Accepted, 202, null), outcome);
        var received = Assert.Single(_shop.Requests);
        Assert.Equal(("PUT", "/SendEvent", "application/json"), (received.Method, received.Path, received.ContentType));
        Assert.Equal(("k1", "{\"k\":\"k1\"}"), (received.Key, received.Body));
        Assert.Equal((1, 0), (_counters.Snapshot().Requests, _counters.Snapshot().Retried));
    }

    [Fact]
    public async Task Send_WithAnAccessKey_ShowsIt()
    {
        using var client = new ShopClient(_shop.Url, 4, new RetryOptions(), _clock, () => 0, "some-access-key");
        await client.SendAsync(new SendRequest(HttpMethod.Put, SendRequest.EventsPath, "k1", "{}"u8.ToArray(), 1, 0), _counters, _stop.Token);
        await Send("k2");
        Assert.Equal(["Bearer some-access-key", null], _shop.Requests.Select(r => r.Authorization));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Send_ToldToWait_WaitsThatLongAndSendsTheSameAgain(int status)
    {
        _answer = r => r.Attempt == 1 ? new Answer(status, RetryAfter: "7") : Answer.Accepted;
        var sending = Send("k1");
        await _shop.NextAsync();
        await _clock.TimerAsync(due => due == TimeSpan.FromSeconds(7));
        _clock.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Single(_shop.Requests);
        _clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(SendResult.Accepted, (await sending).Result);
        Assert.Equal(2, _shop.Requests.Count);
        Assert.Empty(_shop.KeysWithTwoBodies);
        Assert.Equal((1, 1, 1), (_counters.Snapshot().Sent, _counters.Snapshot().Retried, _counters.Snapshot().Throttled));
    }

    [Fact]
    public async Task Send_ToldToWaitUntilADate_WaitsUntilThen()
    {
        var date = (_clock.GetUtcNow() + TimeSpan.FromSeconds(30)).ToString("R");
        _answer = r => r.Attempt == 1 ? new Answer(503, RetryAfter: date) : Answer.Accepted;
        var sending = Send("k1");
        await _clock.TimerAsync(due => due == TimeSpan.FromSeconds(30));
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(SendResult.Accepted, (await sending).Result);
    }

    [Fact]
    public async Task Send_AnotherWasToldToWait_WaitsToo()
    {
        _answer = r => r.Key == "k1" && r.Attempt == 1 ? Answer.Throttled("5") : Answer.Accepted;
        var first = Send("k1");
        await _clock.TimerAsync(due => due == TimeSpan.FromSeconds(5));
        var second = Send("k2");
        Assert.Single(_shop.Requests);
        Assert.False(second.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(SendResult.Accepted, (await first).Result);
        Assert.Equal(SendResult.Accepted, (await second).Result);
    }

    [Fact]
    public async Task Send_NoAnswerInTime_SendsTheSameAgainAndNothingIsAppendedTwice()
    {
        var never = new TaskCompletionSource();
        _answer = r => r.Attempt == 1 ? Answer.When(never.Task) : Answer.Accepted;
        var sending = Send("k1");
        await _shop.NextAsync();
        _clock.Advance(TimeSpan.FromSeconds(10));
        await _clock.TimerAsync(due => due == TimeSpan.FromMilliseconds(100));
        _clock.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal(SendResult.Accepted, (await sending).Result);
        Assert.Equal(["k1", "k1"], _shop.Requests.Select(r => r.Key));
        Assert.Single(_shop.Appended);
        Assert.Equal("PUT /SendEvent: no answer within 10 s", _counters.LastTrouble);
    }

    [Fact]
    public async Task Send_ConnectionBreaksAfterTaking_SendsTheSameAgainAndNothingIsAppendedTwice()
    {
        _answer = r => r.Attempt <= 2 ? Answer.TakenThenReset : Answer.Accepted;
        var sending = Send("k1");
        await AdvanceThroughAsync(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(200));

        Assert.Equal(SendResult.Accepted, (await sending).Result);
        Assert.Equal(3, _shop.Requests.Count);
        Assert.Empty(_shop.KeysWithTwoBodies);
        Assert.Single(_shop.Appended);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(413)]
    [InlineData(415)]
    public async Task Send_RefusedForGood_DoesNotSendAgain(int status)
    {
        _answer = _ => new Answer(status, Problem: """{"title":"Bad","detail":"Nothing was stored.","errors":{"EventName":["Unknown."]}}""");
        var outcome = await Send("k1");
        Assert.Equal(
            new SendOutcome(SendResult.Rejected, status, $"PUT /SendEvent was answered {status}: Nothing was stored. EventName: Unknown."), outcome);
        Assert.Single(_shop.Requests);
    }

    [Fact]
    public async Task Send_RefusedWithABodyThatIsNone_IsRejectedAllTheSame()
    {
        _answer = _ => new Answer(400, Problem: "{");
        var outcome = await Send("k1");
        Assert.Equal((SendResult.Rejected, 400), (outcome.Result, outcome.Status));
    }

    [Fact]
    public async Task Send_ErrorsThatDoNotPass_GivesUpAfterItsPatience()
    {
        _answer = _ => new Answer(500);
        var sending = Send("k1");
        var pauses = 0;
        while (!sending.IsCompleted)
        {
            // The timeout of the attempt is the other timer.
            await Task.WhenAny(sending, _clock.TimerAsync(due => due <= TimeSpan.FromSeconds(5)));
            if (!sending.IsCompleted)
                pauses++;
            _clock.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(new SendOutcome(SendResult.Failed, 500, "PUT /SendEvent was answered 500"), await sending);
        Assert.InRange(pauses, 12, 40);
        Assert.Equal(_shop.Requests.Count, _counters.Snapshot().Requests);
        Assert.Single(_shop.Requests.Select(r => r.Key).Distinct());
    }

    [Fact]
    public async Task Send_StoppedWhileOnTheWay_IsUnanswered()
    {
        var never = new TaskCompletionSource();
        _answer = _ => Answer.When(never.Task);
        var sending = Send("k1");
        await _shop.NextAsync();
        await _stop.CancelAsync();
        Assert.Equal(SendResult.Unanswered, (await sending).Result);
    }

    [Fact]
    public async Task Send_StoppedBeforeSending_IsUnsent()
    {
        await _stop.CancelAsync();
        Assert.Equal(SendResult.Unsent, (await Send("k1")).Result);
        Assert.Empty(_shop.Requests);
    }

    [Fact]
    public async Task Send_StoppedWhileWaitingToRepeat_IsUnanswered()
    {
        _answer = _ => Answer.Throttled("60");
        var sending = Send("k1");
        await _clock.TimerAsync(due => due == TimeSpan.FromSeconds(60));
        await _stop.CancelAsync();
        Assert.Equal(SendResult.Unanswered, (await sending).Result);
    }

    [Fact]
    public async Task Probe_NothingListens_SaysHowToStart()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var client = new ShopClient(new Uri($"http://127.0.0.1:{port}"), 1, new RetryOptions(), _clock, () => 0);
        var failure = await Assert.ThrowsAsync<TransientException>(() => client.ProbeAsync(CancellationToken.None));
        Assert.Equal($"nothing answers at http://127.0.0.1:{port}; start it with dotnet run --project src/AppHost", failure.Message);
    }

    [Fact]
    public async Task Probe_AnyAnswer_IsEnough() => await _client.ProbeAsync(CancellationToken.None);

    private Task<SendOutcome> Send(string key) => _client.SendAsync(
        new SendRequest(HttpMethod.Put, SendRequest.EventsPath, key, Encoding.UTF8.GetBytes($$"""{"k":"{{key}}"}"""), 1, 0), _counters, _stop.Token);

    private async Task AdvanceThroughAsync(params TimeSpan[] pauses)
    {
        foreach (var pause in pauses)
        {
            await _clock.TimerAsync(due => due == pause);
            _clock.Advance(pause);
        }
    }
}
