using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Testing;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class SqlEngineTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly SqlEngine _engine;

    public SqlEngineTests() => _engine = new SqlEngine(
        ObjectStores.Open(_directory.Path("lake"), TimeProvider.System),
        Options.Create(new WorkflowsOptions { EngineMemoryBytes = 64 << 20, EngineThreads = 2 }),
        TimeProvider.System,
        NullLogger<SqlEngine>.Instance);

    public void Dispose()
    {
        _engine.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Work_ThatRanOutOfMemory_RunsAgainOnOneThread()
    {
        using var lease = _engine.Connect();
        var threads = new List<long?>();
        var result = await _engine.WorkAsync(
            lease.Connection,
            () =>
            {
                threads.Add(Threads(lease));
                return threads.Count == 1 ? Exhaust(lease.Connection) : Task.FromResult("done");
            },
            CancellationToken.None);
        Assert.Equal("done", result);
        Assert.Equal([2, 1], threads);
        Assert.Equal(2, Threads(lease));
    }

    [Fact]
    public async Task Work_ThatAlwaysRunsOutOfMemory_FailsAndGivesTheTurnBack()
    {
        using var lease = _engine.Connect();
        for (var i = 0; i < 2; i++)
            await Assert.ThrowsAsync<DuckTransientException>(() => _engine.WorkAsync(lease.Connection, () => Exhaust(lease.Connection), CancellationToken.None));
        Assert.Equal(2, Threads(lease));
        Assert.Equal(1, await _engine.WorkAsync(lease.Connection, () => Task.FromResult(1), CancellationToken.None));
    }

    [Fact]
    public async Task Work_OfSeveralTasks_TakesTurns()
    {
        var atWork = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            using var lease = _engine.Connect();
            await _engine.WorkAsync(
                lease.Connection,
                async () =>
                {
                    Assert.Equal(1, Interlocked.Increment(ref atWork));
                    await Task.Yield();
                    Interlocked.Decrement(ref atWork);
                    return 0;
                },
                CancellationToken.None);
        })));
    }

    [Fact]
    public async Task Wait_ForATurn_IsCancelled()
    {
        using var lease = _engine.Connect();
        var release = new TaskCompletionSource<int>();
        var first = _engine.WorkAsync(lease.Connection, () => release.Task, CancellationToken.None);
        using var cancelled = new CancellationTokenSource();
        var second = _engine.WorkAsync(lease.Connection, () => Task.FromResult(1), cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        release.SetResult(2);
        Assert.Equal(2, await first);
    }

    [Fact]
    public void Spill_OfAnEngineThatWasClosed_IsRemoved()
    {
        using (var lease = _engine.Connect())
            lease.Connection.Execute("CREATE TEMP TABLE t AS SELECT range AS i, repeat('x', 100) AS s FROM range(2000000)");
        _engine.Dispose();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path("lake", ".staging")));
    }

    private static long? Threads(DatabaseLease lease) => lease.Connection.QueryInt64("SELECT value::BIGINT FROM duckdb_settings() WHERE name = 'threads'");

    private static Task<string> Exhaust(DuckConnection connection) =>
        Task.FromResult(connection.QueryString("SELECT count(l) FROM (SELECT list(range || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx') AS l FROM range(5000000))") ?? "");
}
