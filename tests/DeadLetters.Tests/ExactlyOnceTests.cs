using Microsoft.Extensions.DependencyInjection;
using Pipeline.DeadLetters.Application;
using Pipeline.DeadLetters.Contracts;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Testing;

namespace Pipeline.DeadLetters.Tests;

/// <summary>Each record is in its topic once, whoever replays how often and whatever dies on the way.</summary>
public sealed class ExactlyOnceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly IEnumerable<string> _events = Enumerable.Range(0, 60).Select(i => LetterHost.Event(i)).Order(StringComparer.Ordinal);

    [Fact]
    public async Task TwoProcessesAtOnce_ReplayEachOnce()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await LetterHost.StartAsync(database);
        await using var second = await LetterHost.StartAsync(database);
        await first.AddAsync(_events);
        await Task.WhenAll(first.ReplayAllAsync(), second.ReplayAllAsync(), first.ReplayAllAsync(), second.ReplayAllAsync());
        await Eventually.TrueAsync(async () => (await first.ReplayAllAsync()) is { NotReplayed: 0, More: false });
        Assert.Equal(_events, await first.PayloadsAsync(Topics.UserEvents));
        Assert.Equal(60, (await second.SendAsync(new ListDeadLetters(State: DeadLetterState.Replayed, Limit: 500))).Letters.Count);
    }

    /// <summary>The process dies after the append and before the state is recorded; the next one replays all again, at once or when the key is forgotten.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(25)]
    public async Task DeathBetweenAppendAndState_TheNextReplayFindsTheRecords(int hours)
    {
        var time = new ManualTime();
        var database = await postgres.CreateDatabaseAsync();
        await using (var dying = await LetterHost.StartAsync(database, services => Replace(services, time, s => new DyingStore(s))))
        {
            await dying.AddAsync(_events);
            var report = await dying.ReplayAllAsync();
            Assert.True(report.More);
            Assert.Equal(0, report.Replayed);
            Assert.All(report.Problems, p => Assert.Equal(ReplayProblemKind.Unavailable, p.Kind));
            Assert.NotEmpty((await dying.SendAsync(new ListDeadLetters(State: DeadLetterState.Replaying))).Letters);
            Assert.NotEmpty(await dying.PayloadsAsync(Topics.UserEvents));
        }

        time.Advance(TimeSpan.FromHours(hours));
        await using var next = await LetterHost.StartAsync(database, services => services.AddSingleton<TimeProvider>(time));
        Assert.Equal((60, 0), (await next.ReplayAllAsync()) is var all ? (all.Replayed, all.NotReplayed) : default);
        Assert.Equal(_events, await next.PayloadsAsync(Topics.UserEvents));
        Assert.Equal(0, (await next.SendAsync(new GetDeadLetterSummary())).Open);
    }

    /// <summary>The process dies with the key reserved and the record appended, or not: the key's lease has to end, then the record is found, or appended.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DeathAroundTheAppend_TheNextReplayFinishesIt(bool appended)
    {
        var time = new ManualTime();
        var database = await postgres.CreateDatabaseAsync();
        await using (var dying = await LetterHost.StartAsync(database, services => DieAround(services, time, appended)))
        {
            await dying.AddAsync([LetterHost.Event(1)]);
            Assert.Equal(ReplayProblemKind.Unavailable, Assert.Single((await dying.ReplayAllAsync()).Problems).Kind);
            Assert.Equal(appended ? 1 : 0, (await dying.PayloadsAsync(Topics.UserEvents)).Count);
        }

        await using var next = await LetterHost.StartAsync(database, services => services.AddSingleton<TimeProvider>(time));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, (await next.ReplayAllAsync()).Replayed);
        Assert.Equal([LetterHost.Event(1)], await next.PayloadsAsync(Topics.UserEvents));
    }

    /// <summary>A replay with another payload is cut off: the next one finishes that replay, whatever payload it comes with.</summary>
    [Fact]
    public async Task DeathWithAnotherPayload_ThatPayloadIsInTheTopicOnce()
    {
        var time = new ManualTime();
        var database = await postgres.CreateDatabaseAsync();
        var id = new DeadLetterId(LetterHost.Dead, 0, 0);
        await using (var dying = await LetterHost.StartAsync(database, services => Replace(services, time, s => new DyingStore(s))))
        {
            await dying.AddAsync(["bad"]);
            await dying.SendAsync(new ReplayDeadLetters(Ids: [id], Payload: LetterHost.Event(1)));
        }

        time.Advance(TimeSpan.FromMinutes(1));
        await using var next = await LetterHost.StartAsync(database, services => services.AddSingleton<TimeProvider>(time));
        var report = await next.SendAsync(new ReplayDeadLetters(Ids: [id], Payload: LetterHost.Event(2)));
        Assert.Equal(1, report.Replayed);
        Assert.Contains("was not used", Assert.Single(report.Problems).Message, StringComparison.Ordinal);
        Assert.Equal([LetterHost.Event(1)], await next.PayloadsAsync(Topics.UserEvents));
    }

    [Fact]
    public async Task ReplayThatWasCutOff_CanBeDiscardedWhenItIsCertainlyOver()
    {
        var time = new ManualTime();
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync(), services => Replace(services, time, s => new DyingStore(s)));
        await host.AddAsync([LetterHost.Event(1)]);
        await host.ReplayAllAsync();
        Assert.Equal(0, (await host.SendAsync(new DiscardDeadLetters(null, new DeadLetterFilter(), "no"))).Discarded);
        time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(1, (await host.SendAsync(new DiscardDeadLetters(null, new DeadLetterFilter(), "no"))).Discarded);
    }

    /// <summary>A client's key can never be a letter's: it would keep the letter from being replayed.</summary>
    [Fact]
    public void KeyOfALetter_HoldsABlank() => Assert.Contains(' ', ReplayDeadLettersHandler.KeyOf(new LetterSource("UserEvents", 1, 2)));

    private static void Replace(IServiceCollection services, TimeProvider time, Func<IDeadLetterStore, IDeadLetterStore> wrap)
    {
        services.AddSingleton(time);
        services.AddSingleton<IDeadLetterStore>(provider => wrap(
            ActivatorUtilities.CreateInstance<Infrastructure.Postgres.PostgresDeadLetterStore>(provider)));
    }

    private static void DieAround(IServiceCollection services, TimeProvider time, bool appended)
    {
        services.AddSingleton(time);
        var log = services.Last(s => s.ServiceType == typeof(IEventLog));
        services.AddSingleton<IEventLog>(provider => new DyingLog((IEventLog)log.ImplementationFactory!(provider), appended));
    }
}
