using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Contracts;
using Pipeline.Analytics.Domain;
using Pipeline.Analytics.Infrastructure.Lake;
using Pipeline.DuckDb;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

public sealed class EngineTests : IAsyncLifetime, IDisposable
{
    private readonly OrderLake _lake = new();

    private static AnalyticsQuestion Endless { get; } = new(
        "endless", "/", "", "", [], "SELECT count(*) FROM range(1000000000000) a WHERE hash(range) = 0", []);

    public async Task InitializeAsync() =>
        await _lake.LandAsync(new RetailOrder("1", "u", "s", DateTimeOffset.UnixEpoch, "PayPal", 1m, [new RetailLine("p", 1, 1m, 0m)]));

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Ask_CancelledByTheOnlyAsker_EndsTheQueryAndItsTurn()
    {
        await using var host = AnalyticsHost.Create(_lake.Catalog, options: new AnalyticsOptions { MaxConcurrentQueries = 1 });
        using var cancel = new CancellationTokenSource();
        var asking = host.Lake.AskAsync(new LakeQuestion(Endless), row => row.Integer(0), cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        // The only turn is free again, so the query has ended.
        Assert.Single((await host.Mediator.Send(new GetPaymentTypes())).Rows);
    }

    [Fact]
    public async Task Ask_LongerThanTheTimeout_IsTransient()
    {
        await using var host = AnalyticsHost.Create(_lake.Catalog, options: new AnalyticsOptions { QueryTimeout = TimeSpan.FromMilliseconds(300) });

        var error = await Assert.ThrowsAsync<TransientException>(() => host.Lake.AskAsync(new LakeQuestion(Endless), row => row.Integer(0), default));

        Assert.Contains("endless", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_AfterTheEngineBrokeDown_IsAnsweredByANewOne()
    {
        await using var host = AnalyticsHost.Create(_lake.Catalog, options: new AnalyticsOptions { CachedRows = 0 });
        var before = await host.Mediator.Send(new GetPaymentTypes());
        var engine = host.Services.GetRequiredService<LakeEngine>();
        var (connection, generation) = engine.Connect();
        using (connection)
            engine.Report(Fatal(), generation);
        engine.Report(Fatal(), generation);

        var after = await host.Mediator.Send(new GetPaymentTypes());

        Assert.Equal(before.Rows, after.Rows);
        var (other, next) = engine.Connect();
        using (other)
            Assert.Equal(generation + 1, next);
    }

    [Fact]
    public async Task Cache_ManyAskTheSame_ComputesOnce()
    {
        using var cache = new AnswerCache(100);
        var release = new TaskCompletionSource();
        var computed = 0;
        async Task<ComputedAnswer> Compute(CancellationToken stop)
        {
            Interlocked.Increment(ref computed);
            await release.Task.WaitAsync(stop);
            return new ComputedAnswer("answer", 1);
        }

        var asking = Enumerable.Range(0, 50).Select(_ => cache.GetAsync(Key, false, Compute, default)).ToList();
        release.SetResult();

        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal("answer", answer));
        Assert.Equal("answer", await cache.GetAsync(Key, false, Compute, default));
        Assert.Equal(1, computed);
    }

    [Fact]
    public async Task Cache_OneOfTwoAskersLeaves_TheOtherIsAnswered()
    {
        using var cache = new AnswerCache(100);
        using var leave = new CancellationTokenSource();
        var release = new TaskCompletionSource();
        var compute = async (CancellationToken stop) =>
        {
            await release.Task.WaitAsync(stop);
            return new ComputedAnswer("answer", 1);
        };
        var leaving = cache.GetAsync(Key, false, compute, leave.Token);
        var staying = cache.GetAsync(Key, false, compute, default);

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        release.SetResult();

        Assert.Equal("answer", await staying);
    }

    [Fact]
    public async Task Cache_TheLastAskerLeaves_TheComputationIsCancelledAndTheNextOneBeginsAnew()
    {
        using var cache = new AnswerCache(100);
        using var leave = new CancellationTokenSource();
        var stopped = new TaskCompletionSource();
        var leaving = cache.GetAsync(
            Key,
            false,
            async stop =>
            {
                await using var _ = stop.Register(stopped.SetResult);
                await Task.Delay(Timeout.Infinite, stop);
                return new ComputedAnswer("never", 1);
            },
            leave.Token);

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);

        await stopped.Task;
        Assert.Equal("answer", await cache.GetAsync(Key, false, _ => Task.FromResult(new ComputedAnswer("answer", 1)), default));
    }

    [Fact]
    public async Task Cache_AComputationFails_IsNotKept()
    {
        using var cache = new AnswerCache(100);
        await Assert.ThrowsAsync<TransientException>(() => cache.GetAsync(Key, false, _ => throw new TransientException("away"), default));

        Assert.Equal("answer", await cache.GetAsync(Key, false, _ => Task.FromResult(new ComputedAnswer("answer", 1)), default));
    }

    [Fact]
    public async Task Cache_AnAnswerThatStands_IsGivenForNewerVersionsUnlessTheVersionIsAskedFor()
    {
        using var cache = new AnswerCache(100);
        var newer = Key with { Position = Key.Position with { Version = 2 } };
        await cache.GetAsync(Key, false, _ => Task.FromResult(new ComputedAnswer("long", 1, TimeSpan.FromHours(1))), default);

        Assert.Equal("long", await cache.GetAsync(newer, false, _ => Task.FromResult(new ComputedAnswer("new", 1)), default));
        Assert.Equal("new", await cache.GetAsync(newer, true, _ => Task.FromResult(new ComputedAnswer("new", 1)), default));
        var other = new AnswerKey(Key.Question, "", new LakePosition("other", 2));
        Assert.Equal("other table", await cache.GetAsync(other, false, _ => Task.FromResult(new ComputedAnswer("other table", 1)), default));
    }

    [Fact]
    public void SpillFolder_LeftByADeadProcess_IsRemovedAndALivingOneIsNot()
    {
        using var parent = new TempDirectory();
        var dead = SpillFolder.Create(parent.FullPath, NullLogger.Instance);
        File.WriteAllText(Path.Combine(dead.FullPath, "duckdb_temp_storage_DEFAULT-0.tmp"), "spilled");
        var left = Path.Combine(parent.FullPath, "pipeline-analytics-left");
        Directory.Move(Copy(dead.FullPath, parent.Path("copy")), left);

        using (var living = SpillFolder.Create(parent.FullPath, NullLogger.Instance))
        {
            Assert.False(Directory.Exists(left));
            Assert.True(Directory.Exists(dead.FullPath));
            Assert.True(Directory.Exists(living.FullPath));
        }

        dead.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(parent.FullPath));
    }

    private static AnswerKey Key { get; } = new("question", "", new LakePosition("table", 1));

    // DuckDB's own errors cannot be provoked at will.
    private static Exception Fatal() => (Exception)Activator.CreateInstance(
        typeof(DuckException),
        BindingFlags.Instance | BindingFlags.NonPublic,
        null,
        ["broken", new DuckError(DuckErrorType.Fatal, "broken", "", null, null, null)],
        null)!;

    // A killed process's folder: its files without its lock.
    private static string Copy(string folder, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(folder))
            File.WriteAllText(Path.Combine(to, Path.GetFileName(file)), "");
        return to;
    }
}
