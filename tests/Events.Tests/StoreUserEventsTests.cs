using System.Text;
using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.EventLog;
using Pipeline.Events.Contracts;
using Pipeline.Testing;

namespace Pipeline.Events.Tests;

public class StoreUserEventsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly byte[] _good = TestEvents.Payload("u", "Visit", TestEvents.Start);
    private static readonly byte[] _bad = TestEvents.Utf8("""{"UserId":"u"}""");

    [Fact]
    public async Task Handle_RecordsThatAreNoEvents_GoToTheDeadLetterTopicAndTheOthersOn()
    {
        await using var host = await StartAsync();
        await host.Store.GetPositionsAsync([2], default);

        var stored = await host.SendAsync(new StoreUserEvents([TestEvents.Records(2, 0, _good, _bad, _good)], new Dictionary<int, long> { [2] = 0 }));

        Assert.False(stored.Fenced);
        Assert.Equal((2, 1, 3), (stored.Events, stored.DeadLetters, stored.Positions[2]));
        var letter = Assert.Single(await LettersAsync(host));
        Assert.Equal("""{"UserId":"u"}""", letter.Value);
        Assert.Equal("Missing: SessionId, EventName, TimeStamp, Attributes.", letter.Reason);
        Assert.Equal("UserEvents/2/1", letter.Source);
    }

    [Fact]
    public async Task Handle_OnlyRecordsThatAreNoEvents_MovesOn()
    {
        await using var host = await StartAsync();
        await host.Store.GetPositionsAsync([0], default);

        var stored = await host.SendAsync(new StoreUserEvents([TestEvents.Records(0, 0, _bad, _bad)], new Dictionary<int, long> { [0] = 0 }));

        Assert.Equal((0, 2, 2), (stored.Events, stored.DeadLetters, stored.Positions[0]));
        Assert.Equal(2, (await LettersAsync(host)).Count);
    }

    [Fact]
    public async Task Handle_TheSameBatchAgain_WritesNoSecondLetter()
    {
        await using var host = await StartAsync();
        await host.Store.GetPositionsAsync([0], default);
        var request = new StoreUserEvents([TestEvents.Records(0, 0, _bad, _good)], new Dictionary<int, long> { [0] = 0 });

        await host.SendAsync(request);
        var again = await host.SendAsync(request);

        Assert.True(again.Fenced);
        Assert.Empty(again.Positions);
        Assert.Single(await LettersAsync(host));
    }

    [Fact]
    public async Task Handle_BatchThatBeginsBeforeThePosition_SkipsWhatIsStored()
    {
        await using var host = await StartAsync();
        await host.Store.GetPositionsAsync([0], default);
        await host.SendAsync(new StoreUserEvents([TestEvents.Records(0, 0, _good, _good)], new Dictionary<int, long> { [0] = 0 }));

        var stored = await host.SendAsync(new StoreUserEvents([TestEvents.Records(0, 0, _good, _good, _good)], new Dictionary<int, long> { [0] = 2 }));

        Assert.Equal((1, 3), (stored.Events, stored.Positions[0]));
    }

    [Fact]
    public async Task Handle_BatchesOfOnePartition_AreStoredAsOne()
    {
        await using var host = await StartAsync();
        await host.Store.GetPositionsAsync([0, 1], default);

        var stored = await host.SendAsync(new StoreUserEvents(
            [TestEvents.Records(0, 0, _good), TestEvents.Records(1, 0, _good), TestEvents.Records(0, 1, _good, _good)],
            new Dictionary<int, long> { [0] = 0, [1] = 0 }));

        Assert.Equal((4, 3, 1), (stored.Events, stored.Positions[0], stored.Positions[1]));
        Assert.Equal(new EventCount("u", "Visit", 4), Assert.Single((await host.SendAsync(new GetEventCounts())).Counts));
    }

    [Fact]
    public async Task Handle_StoredBatch_TellsTheOtherModulesAndOutlivesTheirErrors()
    {
        var listener = new Listener();
        await using var host = await StartAsync(services => services.AddSingleton<INotificationHandler<UserEventsStored>>(listener));
        await host.Store.GetPositionsAsync([0], default);

        var stored = await host.SendAsync(new StoreUserEvents([TestEvents.Records(0, 0, _good, _good)], new Dictionary<int, long> { [0] = 0 }));

        Assert.Equal(2, stored.Events);
        var heard = Assert.Single(listener.Heard);
        Assert.Equal(2, heard.Count);
        Assert.Equal([0], heard.Partitions);
    }

    private async Task<EventsHost> StartAsync(Action<IServiceCollection>? configure = null)
    {
        var host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync(), configure: configure);
        await host.Log.EnsureTopicAsync(new TopicDefinition("UserEvents.dead", 1));
        return host;
    }

    private static async Task<List<(string Value, string Reason, string Source)>> LettersAsync(EventsHost host)
    {
        var letters = new List<(string, string, string)>();
        using var batch = await host.Log.ReadAsync("UserEvents.dead", 0, 0);
        foreach (var record in batch)
        {
            var headers = record.CopyHeaders().ToDictionary(h => h.Name, h => Encoding.UTF8.GetString(h.Value.Span));
            letters.Add((Encoding.UTF8.GetString(record.Value), headers[DeadLetters.ReasonHeader], headers[DeadLetters.SourceHeader]));
        }

        return letters;
    }

    private sealed class Listener : INotificationHandler<UserEventsStored>
    {
        public List<UserEventsStored> Heard { get; } = [];

        public Task Handle(UserEventsStored notification, CancellationToken cancellationToken)
        {
            Heard.Add(notification);
            throw new InvalidOperationException("A listener that fails.");
        }
    }
}
