using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Observability.Application;
using Pipeline.Observability.Contracts;
using Pipeline.Observability.Infrastructure;

namespace Pipeline.Observability.Tests;

public sealed class LogsTests
{
    private readonly LineStore _store = new(Options.Create(new ObservabilityOptions { LogRecords = 100 }), TimeProvider.System);

    [Fact]
    public async Task Records_Logged_AreFoundByLevelTextAndTrace()
    {
        var logger = NewLogger("Pipeline.Some");
        using var activity = new Activity("test").Start();
        Write(logger, LogLevel.Information, "one 1");
        Write(logger, LogLevel.Error, "two", new InvalidOperationException("broken pipe"));
        Activity.Current = null;
        Write(NewLogger("Other"), LogLevel.Warning, "three");

        Assert.Equal(["three", "two", "one 1"], await MessagesAsync(new GetLogs()));
        Assert.Equal(["three", "two"], await MessagesAsync(new GetLogs(Level: "warning")));
        Assert.Equal(["two"], await MessagesAsync(new GetLogs(Text: "BROKEN")));
        Assert.Equal(["three"], await MessagesAsync(new GetLogs(Text: "other")));
        Assert.Equal(["two", "one 1"], await MessagesAsync(new GetLogs(TraceId: activity.TraceId.ToString())));
        Assert.Equal(["three"], await MessagesAsync(new GetLogs(Limit: 1)));

        var page = await AskAsync(new GetLogs(TraceId: activity.TraceId.ToString(), Limit: 1));
        var record = Assert.Single(page.Records);
        Assert.Equal(("Error", "Pipeline.Some", activity.SpanId.ToString()), (record.Level, record.Category, record.SpanId));
        Assert.Contains("InvalidOperationException: broken pipe", record.Exception, StringComparison.Ordinal);
        Assert.Null((await AskAsync(new GetLogs(Text: "three"))).Records[0].TraceId);
    }

    [Fact]
    public async Task Records_Followed_AreEachSeenOnce()
    {
        var logger = NewLogger("Pipeline.Some");
        var seen = new List<string>();
        long? last = null;
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < 30; i++)
                Write(logger, LogLevel.Information, $"{(round * 30) + i}");
            var page = await AskAsync(new GetLogs(After: last, Limit: 1000));
            seen.AddRange(page.Records.Reverse().Select(r => r.Message));
            last = page.Last;
        }

        Assert.Equal(Enumerable.Range(0, 150).Select(i => $"{i}"), seen);
        Assert.Equal(100, (await AskAsync(new GetLogs(Limit: 1000))).Records.Count);
        var empty = await AskAsync(new GetLogs(After: last));
        Assert.Equal((0, last), (empty.Records.Count, empty.Last));
    }

    [Theory]
    [InlineData("Level", "loud", null, 1)]
    [InlineData("TraceId", null, "xyz", 1)]
    [InlineData("Limit", null, null, 0)]
    public void Query_ThatIsWrong_IsRefused(string parameter, string? level, string? traceId, int limit)
    {
        var result = new GetLogsValidator().Validate(new GetLogs(level, null, traceId, limit));
        Assert.Equal(parameter, Assert.Single(result.Errors).PropertyName, ignoreCase: true);
    }

    private static void Write(ILogger logger, LogLevel level, string text, Exception? exception = null) =>
        logger.Log(level, default, text, exception, (line, _) => line);

    private ILogger NewLogger(string category) => new MemoryLoggerProvider(_store).CreateLogger(category);

    private Task<LogPage> AskAsync(GetLogs query) => new GetLogsHandler(_store).Handle(query, CancellationToken.None);

    private async Task<string[]> MessagesAsync(GetLogs query) => [.. (await AskAsync(query)).Records.Select(r => r.Message)];
}
