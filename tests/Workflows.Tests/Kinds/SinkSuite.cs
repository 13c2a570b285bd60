using System.Globalization;

namespace Pipeline.Workflows.Tests.Kinds;

/// <summary>What every sink must do. A new one is a class below this.</summary>
public abstract class SinkSuite : IDisposable
{
    private protected KindHost Host { get; set; } = new();

    /// <summary>The sink and its settings, as <c>"csv": { ... }</c>; always the same target, replaced by each task.</summary>
    private protected abstract string Sink { get; }

    /// <summary>The rows (id, name) that the target holds, as <c>1=a</c>, in order; null where there is no target.</summary>
    private protected abstract Task<IReadOnlyList<string>?> ReadAsync();

    /// <summary>Whatever else is around the target, which must be nothing when no task is at work.</summary>
    private protected virtual IEnumerable<string> LeftOvers() => [];

    public void Dispose()
    {
        Host.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Rows_OfATaskThatIsTriedTwice_AreThereOnce()
    {
        var first = await LoadAsync("SELECT 1 AS id, 'a' AS name UNION ALL SELECT 2, 'b'");
        Assert.Equal(2, first.RowsWritten);
        await LoadAsync("SELECT 1 AS id, 'a' AS name UNION ALL SELECT 2, 'b'", attempt: 2);
        Assert.Equal(["1=a", "2=b"], await ReadAsync());
        Assert.Empty(LeftOvers());
    }

    [Fact]
    public async Task NoRows_MakeATargetWithoutRows()
    {
        await LoadAsync("SELECT 1 AS id, 'a' AS name WHERE false");
        Assert.Equal([], await ReadAsync());
    }

    [Fact]
    public async Task Rows_ThatFailHalfway_LeaveWhatWasThere()
    {
        const string Failing = "SELECT CASE WHEN range < 100000 THEN range ELSE CAST('x' || range AS BIGINT) END AS id, 'a' AS name FROM range(200000)";
        await Assert.ThrowsAsync<TerminalException>(() => LoadAsync(Failing));
        Assert.Null(await ReadAsync());
        await LoadAsync("SELECT 1 AS id, 'a' AS name", run: 2);
        await Assert.ThrowsAsync<TerminalException>(() => LoadAsync(Failing, run: 3));
        Assert.Equal(["1=a"], await ReadAsync());
        Assert.Empty(LeftOvers());
    }

    [Fact]
    public async Task Rows_OfACancelledTask_AreNotThere()
    {
        using var cancelled = new CancellationTokenSource();
        Host.Log.Progressed += (_, _) => cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            cancelled.CancelAfter(TimeSpan.FromMilliseconds(300));
            await LoadAsync("SELECT range AS id, repeat('a', 100) AS name FROM range(100000000)", cancellationToken: cancelled.Token);
        });
        Assert.Null(await ReadAsync());
        Assert.Empty(LeftOvers());
    }

    [Fact]
    public async Task ManyRows_ArriveAllOfThem()
    {
        const int Count = 150_000;
        var result = await LoadAsync(string.Create(CultureInfo.InvariantCulture, $"SELECT range AS id, 'n' || range AS name FROM range({Count})"));
        Assert.Equal(Count, result.RowsWritten);
        Assert.True(result.BytesWritten > Count);
        var rows = await ReadAsync();
        Assert.Equal(Enumerable.Range(0, Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i}=n{i}")).Order(StringComparer.Ordinal), rows!.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Rows_OfAnEarlierTask_AreLoadedByItsName()
    {
        await Host.RunAsync("sql", """{"query":"SELECT 7 AS id, 'g' AS name"}""", task: "made");
        await Host.RunAsync("load", $$"""{"from":"made",{{Sink}}}""");
        Assert.Equal(["7=g"], await ReadAsync());
        Assert.Contains("left nothing to read", (await Host.FailAsync<TerminalException>("load", $$"""{"from":"none",{{Sink}}}""")).Message, StringComparison.Ordinal);
    }

    private protected Task<Application.TaskResult> LoadAsync(string query, long run = 1, int attempt = 1, CancellationToken cancellationToken = default) =>
        Host.RunAsync("load", $$"""{"query":"{{query}}",{{Sink}}}""", run: run, attempt: attempt, cancellationToken: cancellationToken);
}
