using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.EventLog;
using Pipeline.Events.Contracts;
using Pipeline.Events.Infrastructure;
using Pipeline.Ingestion.Contracts;
using Pipeline.Testing;

namespace Pipeline.Events.Tests;

public class ConsumerTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Partitions = 4;
    private static readonly string[] _names = ["PageVisited", "AddedBasket", "CheckedProductReviews"];

    [Fact]
    public async Task Consumer_OfWhatIsProduced_StoresCountsAndCommitsIt()
    {
        await using var host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync(), workers: true);
        await host.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", Partitions));

        await ProduceAsync(host.Log, 500, 0);
        await StoredAsync(host);
        await ProduceAsync(host.Log, 500, 1);
        await StoredAsync(host);

        await Eventually.TrueAsync(async () => (await host.Log.GetGroupsAsync()).Single(g => g.Group == "events").Lag == 0);
    }

    /// <summary>The process died between the store's commit and the group's, or lost the answer of the store's; nothing comes after it that would tell the group.</summary>
    [Fact]
    public async Task Consumer_OfWhatIsStoredAlready_TellsTheGroup()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (var producer = await EventsHost.StartAsync(database))
        {
            await producer.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", Partitions));
            await ProduceAsync(producer.Log, 200, 0);
            await producer.SendAsync(new DrainUserEvents());
            await producer.Database.ExecuteAsync("UPDATE log.group_partitions SET committed_offset = 0");
            Assert.Equal(200, (await producer.Log.GetGroupsAsync()).Single(g => g.Group == "events").Lag);
        }

        await using var host = await EventsHost.StartAsync(database, workers: true);
        await Eventually.TrueAsync(async () => (await host.Log.GetGroupsAsync()).Single(g => g.Group == "events").Lag == 0);
    }

    [Fact]
    public async Task Consumer_WhoseConnectionsAreLostAgainAndAgain_StoresEachRecordOnce()
    {
        await using var host = await EventsHost.StartAsync(
            await postgres.CreateDatabaseAsync(), workers: true, settings: [("Events:CommitInterval", "00:00:00.02")]);
        await host.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", Partitions));

        for (var round = 0; round < 15; round++)
        {
            await ProduceAsync(host.Log, 400, round, withBad: true);
            await host.Database.KillConnectionsAsync();
        }

        await StoredAsync(host);
    }

    [Fact]
    public async Task Consumers_ThatComeAndGo_ShareTheWorkAndStoreEachRecordOnce()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await EventsHost.StartAsync(database, workers: true, settings: [("Events:CommitInterval", "00:00:00.01")]);
        await first.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", Partitions));
        await ProduceAsync(first.Log, 300, 0);

        await using (var second = await EventsHost.StartAsync(database, workers: true, settings: [("Events:CommitInterval", "00:00:00.01")]))
        {
            for (var round = 1; round <= 10; round++)
                await ProduceAsync(second.Log, 300, round);
            await Eventually.TrueAsync(async () => (await second.Log.GetGroupsAsync()).Single().Members == 2);
            await ProduceAsync(second.Log, 300, 11);
        }

        await ProduceAsync(first.Log, 300, 12);
        await StoredAsync(first);
    }

    [Fact]
    public async Task Consumer_ThatIsStopped_StopsSoon()
    {
        var host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync(), workers: true);
        await host.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", Partitions));
        await ProduceAsync(host.Log, 10, 0);
        await StoredAsync(host);
        var worker = host.Services.GetServices<IHostedService>().OfType<UserEventsConsumer>().Single();

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await worker.StopAsync(patience.Token);

        Assert.False(patience.IsCancellationRequested);
        Assert.True(worker.ExecuteTask!.IsCompletedSuccessfully);
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Modes_ChangedBetweenRestarts_KeepTheCountsRight()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (var producer = await EventsHost.StartAsync(database))
        {
            await producer.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", Partitions));
            await ProduceAsync(producer.Log, 200, 0);
        }

        // Scheduled: rows and positions first, the counts are behind.
        await using (var scheduled = await EventsHost.StartAsync(database, settings: [("Events:Mode", "scheduled")]))
        {
            var drained = await scheduled.SendAsync(new DrainUserEvents());
            Assert.Equal(200, drained.Events);
            Assert.Equal(200, drained.Positions.Values.Sum());
            Assert.Empty((await scheduled.SendAsync(new GetEventCounts())).Counts);
            await ProduceAsync(scheduled.Log, 100, 1);
        }

        // Continuous: what is behind is counted before anything else.
        await using (var continuous = await EventsHost.StartAsync(database, workers: true, settings: [("Events:Mode", "continuous")]))
        {
            await StoredAsync(continuous);
            Assert.Equal(0, (await continuous.SendAsync(new AggregateUserEvents())).Events);
        }

        (string, string)[] everySecond = [("Events:Mode", "Scheduled"), ("Events:Interval", "00:00:01")];
        await using (var scheduled = await EventsHost.StartAsync(database, workers: true, settings: everySecond))
        {
            await ProduceAsync(scheduled.Log, 100, 2);
            await StoredAsync(scheduled);
        }
    }

    [Fact]
    public async Task Drain_WhileAnotherMemberHoldsPartitions_EndsWhenAllIsStored()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var host = await EventsHost.StartAsync(database, workers: true);
        await host.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", Partitions));
        await ProduceAsync(host.Log, 2_000, 0);

        var drained = await host.SendAsync(new DrainUserEvents());

        Assert.Equal(2_000, drained.Positions.Values.Sum());
        await StoredAsync(host);

        // Who gets on is left to it: a member that joins would stop all others for a moment.
        await ProduceAsync(host.Log, 1_000, 1);
        drained = await host.SendAsync(new DrainUserEvents());
        Assert.Equal((0, 3_000), (drained.Events, drained.Positions.Values.Sum()));
    }

    [Fact]
    public async Task Drain_WithoutTopic_HasNothingToDo()
    {
        await using var host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync());

        var drained = await host.SendAsync(new DrainUserEvents());

        Assert.Equal((0, 0), (drained.Events, drained.DeadLetters));
        Assert.Empty(drained.Positions);
    }

    [Fact]
    public async Task Drain_OfTracedRecordsInAllPartitions_LinksToEachTrace()
    {
        using var spans = new SpanRecorder(LogTracing.SourceName);
        await using var host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", Partitions));
        var traces = new List<ActivityTraceId>();
        for (var i = 0; i < 8; i++)
        {
            using var request = spans.StartTrace("request");
            traces.Add(request.TraceId);
            await host.Log.AppendAsync(
                "UserEvents", new NewRecord(TestEvents.Utf8($"u-{i}"), TestEvents.Payload($"u-{i}", "Visit", TestEvents.Start), LogTracing.CurrentHeaders()));
        }

        Assert.Equal(8, (await host.SendAsync(new DrainUserEvents())).Events);

        var linked = spans.Ended.Where(s => s.Kind == ActivityKind.Consumer).SelectMany(s => s.Links).Select(l => l.Context.TraceId);
        Assert.Equal(traces.ToHashSet(), traces.Intersect(linked).ToHashSet());
    }

    /// <summary>Appends events; where the outcome is not known, again: what counts is what is in the log.</summary>
    private static async Task ProduceAsync(IEventLog log, int count, int round, bool withBad = false)
    {
        var records = new List<NewRecord>();
        for (var i = 0; i < count; i++)
        {
            records.Add(TestEvents.Record($"user-{i % 37}", _names[(i + round) % 3], TestEvents.Start.AddSeconds((round * 1000) + i)));
            if (withBad && i % 100 == 0)
                records.Add(new NewRecord(TestEvents.Utf8($"user-{i % 37}"), TestEvents.Utf8("no event")));
        }

        await Eventually.TrueAsync(async () =>
        {
            await log.AppendAsync("UserEvents", [.. records], new RecordPosition[records.Count]);
            return true;
        });
    }

    /// <summary>Waits until the counts are those of the log, counted one by one; then each record must be there once.</summary>
    private static async Task StoredAsync(EventsHost host)
    {
        var expected = await Eventually.ResultAsync(async () => (await CountLogAsync(host.Log))!);
        await Eventually.TrueAsync(async () =>
        {
            var counts = (await host.SendAsync(new GetEventCounts(Limit: 10_000))).Counts;
            return counts.Count == expected.Count && counts.All(c => expected[(c.UserId, c.EventName)] == c.Count);
        });
        var rows = await Eventually.ResultAsync(async () => (string?)await host.Database.ScalarAsync<string>(
            "SELECT count(*) || ' ' || count(DISTINCT (partition, \"offset\")) FROM events.user_events"));
        Assert.Equal($"{expected.Values.Sum()} {expected.Values.Sum()}", rows);
    }

    private static async Task<Dictionary<(string, string), long>> CountLogAsync(IEventLog log)
    {
        var counts = new Dictionary<(string, string), long>();
        for (var partition = 0; partition < Partitions; partition++)
        {
            for (long next = 0, last = -1; next > last;)
            {
                last = next;
                using var batch = await log.ReadAsync("UserEvents", partition, next);
                foreach (var record in batch)
                {
                    if (record.Value[0] != (byte)'{')
                        continue;
                    var value = JsonSerializer.Deserialize<UserEvent>(record.Value)!;
                    counts[(value.UserId, value.EventName)] = counts.GetValueOrDefault((value.UserId, value.EventName)) + 1;
                }

                next = batch.NextOffset;
            }
        }

        return counts;
    }
}
