using System.Diagnostics;
using Pipeline.EventLog.Kafka;
using Pipeline.Testing;
using Pipeline.Testing.Kafka;

namespace Pipeline.EventLog.Tests.Kafka;

public sealed class KafkaTracingTests : IAsyncLifetime, IDisposable
{
    private readonly string _topic = $"topic-{Guid.NewGuid():N}";
    private readonly SpanRecorder _spans = new(LogTracing.SourceName);
    private MockKafka _cluster = null!;
    private KafkaEventLog _log = null!;

    public async Task InitializeAsync()
    {
        Skip.If(MockKafka.Missing is not null, MockKafka.Missing);
        _cluster = MockKafka.Start();
        _cluster.CreateTopic(_topic, 1);
        _log = KafkaLogHarness.Create(_cluster.Servers);
        await AppendAsync();
    }

    public async Task DisposeAsync()
    {
        if (_log is not null)
            await _log.DisposeAsync();
    }

    public void Dispose()
    {
        _cluster?.Dispose();
        _spans.Dispose();
    }

    [SkippableFact]
    public async Task Appends_OfSeveralTraces_EachIsLinkedToByItsFlushAlone()
    {
        var requests = new List<ActivityContext>();
        for (var i = 0; i < 3; i++)
        {
            using var request = _spans.StartTrace("request");
            requests.Add(request.Context);
            await AppendAsync();
        }

        await _log.DisposeAsync();
        var flushes = _spans.Ended.Where(s => s.OperationName == "log flush" && s.Links.Any(l => requests.Contains(l.Context))).ToList();
        Assert.Equal(requests, flushes.Select(f => f.Links.Single().Context));
        Assert.All(_spans.Ended.Where(s => s.OperationName == "log flush"), f => Assert.Equal(default, f.ParentSpanId));
    }

    [SkippableFact]
    public async Task Read_InATrace_IsPartOfIt()
    {
        using var request = _spans.StartTrace("request");
        using var batch = await _log.ReadAsync(_topic, 0, 0);
        Assert.Equal(1, batch.Count);
        request.Stop();
        Assert.Contains(_spans.Ended, s => s.OperationName == "log read" && s.ParentSpanId == request.SpanId);
    }

    private async Task AppendAsync() => await _log.AppendAsync(_topic, new NewRecord("k"u8.ToArray(), "v"u8.ToArray()));
}
