using System.Text;
using Pipeline.EventLog;
using Pipeline.Events.Contracts;
using Pipeline.Testing;

namespace Pipeline.Events.Tests;

public sealed class NewestEventsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task GetNewest_OfSeveralPartitions_GivesWhatCameLastWithoutWhatIsNoEvent()
    {
        await using var host = await EventsHost.StartAsync(await postgres.CreateDatabaseAsync());
        Assert.Empty(await host.SendAsync(new GetNewestEvents()));
        await host.Log.EnsureTopicAsync(new TopicDefinition("UserEvents", 2));
        Assert.Empty(await host.SendAsync(new GetNewestEvents()));

        for (var i = 0; i < 30; i++)
        {
            await AppendAsync(host, $"u{i}", $$$"""{"UserId":"u{{{i}}}","SessionId":"s","EventName":"Visit","TimeStamp":"2030-01-01T00:00:00Z","Attributes":{"a":{{{i}}}} }""");
            await Task.Delay(2);
        }

        await AppendAsync(host, "u", "no event");
        await AppendAsync(host, "u", """{"UserId":"u"}""");

        var newest = await host.SendAsync(new GetNewestEvents(10));

        Assert.Equal(Enumerable.Range(20, 10).Reverse().Select(i => $"u{i}"), newest.Select(e => e.Event.UserId));
        Assert.Equal("""{"a":29}""", Encoding.UTF8.GetString(newest[0].Event.Attributes.Span));
    }

    private static async Task AppendAsync(EventsHost host, string key, string payload) =>
        await host.Log.AppendAsync("UserEvents", new NewRecord(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(payload)));
}
