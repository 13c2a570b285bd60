using System.Diagnostics;
using Pipeline.EventLog.Postgres;
using Pipeline.Testing;

namespace Pipeline.EventLog.Tests.Postgres;

public sealed class PostgresTracingTests(PostgresLogHarness harness) : IClassFixture<PostgresLogHarness>, IAsyncLifetime, IDisposable
{
    private readonly string _topic = $"topic-{Guid.NewGuid():N}";
    private readonly SpanRecorder _spans = new(LogTracing.SourceName, "Npgsql");
    private PostgresEventLog _log = null!;

    public async Task InitializeAsync()
    {
        _log = PostgresLogHarness.Create(harness.ConnectionString);
        await _log.EnsureTopicAsync(new TopicDefinition(_topic, 1));
    }

    public async Task DisposeAsync() => await _log.DisposeAsync();

    public void Dispose() => _spans.Dispose();

    [Fact]
    public async Task Appends_OfSeveralTraces_EachIsLinkedToByItsFlushAlone()
    {
        var requests = new List<ActivityContext>();
        for (var i = 0; i < 3; i++)
        {
            using var request = _spans.StartTrace("request");
            requests.Add(request.Context);
            await AppendAsync(_log);
        }

        await _log.DisposeAsync();
        var flushes = _spans.Ended.Where(s => s.OperationName == "log flush" && s.Links.Any(l => requests.Contains(l.Context))).ToList();
        Assert.Equal(requests, flushes.Select(f => f.Links.Single().Context));
        Assert.All(_spans.Ended.Where(s => s.OperationName == "log flush"), f => Assert.Equal(default, f.ParentSpanId));
    }

    [Fact]
    public async Task Append_WithoutATrace_ItsFlushHasNoLink()
    {
        Activity.Current = null;
        await AppendAsync(_log);
        await _log.DisposeAsync();
        Assert.Contains(_spans.Ended, s => s.OperationName == "log flush" && !s.Links.Any());
    }

    [Fact]
    public async Task Consumer_MadeInATrace_WorksOnOutsideOfIt()
    {
        await using var other = PostgresLogHarness.Create(harness.ConnectionString);
        var request = _spans.StartTrace("request");
        await using var consumer = await _log.SubscribeAsync(new ConsumerDefinition(_topic, "traced"));
        Assert.Null(await consumer.ReadAsync(TimeSpan.FromMilliseconds(1)));
        request.Stop();

        // Each append by another process is news that the listening connection brings.
        for (var i = 0; i < 3; i++)
        {
            await AppendAsync(other);
            using var batch = await consumer.ReadAsync(TimeSpan.FromSeconds(30));
            Assert.NotNull(batch);
        }

        Assert.DoesNotContain(_spans.Ended, s => s.TraceId == request.TraceId && s.StartTimeUtc > request.StartTimeUtc + request.Duration);
    }

    private async Task AppendAsync(IEventLog log) => await log.AppendAsync(_topic, new NewRecord("k"u8.ToArray(), "v"u8.ToArray()));
}
