using System.Diagnostics;

namespace Pipeline.EventLog.Tests;

public sealed class LogTracingTests : IDisposable
{
    private readonly ActivitySource _source = new($"test-{Guid.NewGuid():N}");
    private readonly ActivityListener _listener;

    public LogTracingTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = s => s == _source || s.Name == LogTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _source.Dispose();
    }

    [Fact]
    public void CurrentHeaders_NoActivity_IsEmpty()
    {
        Activity.Current = null;
        Assert.True(LogTracing.CurrentHeaders().IsEmpty);
    }

    [Fact]
    public void StartConsumerActivity_RecordsOfSeveralTraces_LinksToEachOnceAndToAtMost32()
    {
        var records = new List<NewRecord>();
        var contexts = new List<ActivityContext>();
        for (var i = 0; i < 40; i++)
        {
            using var activity = _source.StartActivity("request");
            contexts.Add(activity!.Context);
            var headers = LogTracing.CurrentHeaders();
            records.AddRange(Enumerable.Repeat(new NewRecord(default, default, headers), 3));
        }

        records.Insert(0, new NewRecord(default, default, new[] { new RecordHeader("traceparent", "00-not-a-trace"u8.ToArray()) }));
        records.Insert(0, default);
        using var span = LogTracing.StartConsumerActivity(Batch(records), "group");
        Assert.NotNull(span);
        Assert.Equal(contexts.Take(32).Select(c => (c.TraceId, c.SpanId)), span.Links.Select(l => (l.Context.TraceId, l.Context.SpanId)));
        Assert.Equal(ActivityKind.Consumer, span.Kind);
        Assert.Equal("group", span.GetTagItem("messaging.consumer.group.name"));
    }

    [Fact]
    public void StartConsumerActivity_SeveralBatches_LinksToTheTracesOfAll()
    {
        var contexts = new List<ActivityContext>();
        var batches = new List<RecordBatch>();
        for (var i = 0; i < 3; i++)
        {
            using var activity = _source.StartActivity("request");
            contexts.Add(activity!.Context);
            batches.Add(Batch([new NewRecord(default, default, LogTracing.CurrentHeaders())]));
        }

        using var span = LogTracing.StartConsumerActivity(batches, "group");
        Assert.Equal(contexts.Select(c => c.TraceId), span!.Links.Select(l => l.Context.TraceId));
        Assert.Equal(3, span.GetTagItem("messaging.batch.message_count"));
    }

    private static RecordBatch Batch(List<NewRecord> records)
    {
        var data = new byte[records.Sum(r => RecordCodec.GetSize(r))];
        var at = 0;
        foreach (var record in records)
            at += RecordCodec.Write(data.AsSpan(at), record, 0);
        return new RecordBatch("t", 0, 0, records.Count, data);
    }
}
