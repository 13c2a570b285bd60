using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using FluentValidation;
using Npgsql;
using Pipeline.DeadLetters.Contracts;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Testing;

namespace Pipeline.DeadLetters.Tests;

public sealed class DeadLetterTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task List_Letters_AreTheNewestFirstWithReasonSourceAndPreview()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.AddAsync(["{}", new string('ü', 2_000)], reason: "The payload is not JSON: line 1, at 7.", from: 40);
        await host.AddAsync([LetterHost.Order(1)], Topics.PurchasedItem);
        var page = await host.SendAsync(new ListDeadLetters());
        Assert.True(page.CaughtUp);
        Assert.Null(page.Next);
        Assert.Equal(["PurchasedItem.dead/0/0", "UserEvents.dead/0/1", "UserEvents.dead/0/0"], page.Letters.OrderByDescending(l => l.At).Select(l => l.Id.ToString()));
        var letter = page.Letters.Single(l => l.Id.ToString() == "UserEvents.dead/0/1");
        Assert.Equal(("UserEvents", 1, 41L), (letter.SourceTopic, letter.SourcePartition, letter.SourceOffset));
        Assert.Equal(("The payload is not JSON", "The payload is not JSON: line 1, at 7."), (letter.Reason, letter.Error));
        Assert.Equal((4_000, new string('ü', 1_024), DeadLetterState.Open), (letter.Size, letter.Preview, letter.State));
    }

    [Fact]
    public async Task List_PageByPage_GivesEachOnceAndFilters()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.AddAsync(Enumerable.Range(0, 25).Select(i => $"bad {i}"), reason: "Missing: SessionId.");
        await host.AddAsync(Enumerable.Range(0, 25).Select(i => $"worse {i}"), reason: "Attributes is not an object.", from: 100);
        var seen = new List<DeadLetter>();
        string? after = null;
        do
        {
            var page = await host.SendAsync(new ListDeadLetters(Limit: 7, After: after));
            seen.AddRange(page.Letters);
            after = page.Next;
        }
        while (after is not null);
        Assert.Equal(50, seen.Select(l => l.Id).Distinct().Count());
        Assert.Equal(50, seen.Count);
        Assert.All(seen, l => Assert.StartsWith(l.Reason == "Missing" ? "bad" : "worse", l.Preview, StringComparison.Ordinal));
        Assert.Equal(25, (await host.SendAsync(new ListDeadLetters(Reason: "Missing", Limit: 500))).Letters.Count);
        Assert.Empty((await host.SendAsync(new ListDeadLetters(Topic: LetterHost.DeadOrders))).Letters);
        Assert.Empty((await host.SendAsync(new ListDeadLetters(State: DeadLetterState.Replayed))).Letters);
    }

    /// <summary>A sink that dies between the letters and its position writes them again.</summary>
    [Fact]
    public async Task RepeatedLetter_IsListedAndReplayedOnce()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.AddAsync([LetterHost.Event(1), LetterHost.Event(2)]);
        await host.AddAsync([LetterHost.Event(1), LetterHost.Event(2)]);
        Assert.Equal(2, (await host.SendAsync(new ListDeadLetters())).Letters.Count);
        var second = await host.SendAsync(new ReplayDeadLetters(Ids: [new(LetterHost.Dead, 0, 2)]));
        var both = await host.SendAsync(new ReplayDeadLetters(Ids: [new(LetterHost.Dead, 0, 0), new(LetterHost.Dead, 0, 2)]));
        Assert.Equal((1, 0), (second.Replayed, second.NotReplayed));
        Assert.Equal((0, 1), (both.Replayed, both.Already));
        Assert.Equal([LetterHost.Event(1)], await host.PayloadsAsync(Topics.UserEvents));
    }

    [Fact]
    public async Task Replay_GoodPayloads_AreInTheirTopicOnceAndTheirStateSaysSo()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.AddAsync(Enumerable.Range(0, 200).Select(i => LetterHost.Event(i)));
        await host.AddAsync(Enumerable.Range(0, 100).Select(LetterHost.Order), Topics.PurchasedItem);
        var report = await host.ReplayAllAsync();
        var again = await host.ReplayAllAsync();
        Assert.Equal((300, 0, 0, false), (report.Replayed, report.Already, report.NotReplayed, report.More));
        Assert.Equal((0, 0, 0), (again.Replayed, again.Already, again.NotReplayed));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => LetterHost.Event(i)).Order(StringComparer.Ordinal), await host.PayloadsAsync(Topics.UserEvents));
        Assert.Equal(Enumerable.Range(0, 100).Select(LetterHost.Order).Order(StringComparer.Ordinal), await host.PayloadsAsync(Topics.PurchasedItem));
        var letter = (await host.SendAsync(new ListDeadLetters(Limit: 1))).Letters[0];
        Assert.Equal((DeadLetterState.Replayed, "test", "again"), (letter.State, letter.ChangedBy, letter.Note));
        Assert.NotNull(letter.ChangedAt);
        Assert.NotNull(letter.ReplayedOffset);
    }

    [Fact]
    public async Task Replay_PayloadThatTheRouteRefuses_StaysOpenUntilAnotherIsGiven()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.AddAsync([LetterHost.Event(1, "Bought"), "no json"]);
        await host.AddAsync([LetterHost.Order(1) + "," + LetterHost.Order(2)], Topics.PurchasedItem);
        var report = await host.ReplayAllAsync();
        Assert.Equal((0, 3), (report.Replayed, report.NotReplayed));
        Assert.All(report.Problems, p => Assert.Equal(ReplayProblemKind.Refused, p.Kind));
        var problem = report.Problems.Single(p => p.Id == new DeadLetterId(LetterHost.Dead, 0, 0));
        Assert.StartsWith("must be one of", problem.Errors!["EventName"], StringComparison.Ordinal);
        Assert.Equal(3, (await host.SendAsync(new ListDeadLetters(State: DeadLetterState.Open))).Letters.Count);

        var mended = await host.SendAsync(new ReplayDeadLetters(Ids: [problem.Id], Payload: LetterHost.Event(1)));
        Assert.Equal(1, mended.Replayed);
        Assert.Equal([LetterHost.Event(1)], await host.PayloadsAsync(Topics.UserEvents));
        Assert.Empty(await host.PayloadsAsync(Topics.PurchasedItem));
    }

    [Fact]
    public async Task Replay_PayloadThatWasCut_NeedsAWholeOne()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.AddAsync([LetterHost.Order(1)], Topics.PurchasedItem, header: new RecordHeader("dead-letter-cut-from", Encoding.ASCII.GetBytes("9000000")));
        var report = await host.ReplayAllAsync();
        Assert.Contains("9000000 bytes", Assert.Single(report.Problems).Message, StringComparison.Ordinal);
        Assert.Equal(9_000_000, (await host.SendAsync(new ListDeadLetters())).Letters[0].CutFrom);
        Assert.Equal(1, (await host.SendAsync(new ReplayDeadLetters(Ids: [report.Problems[0].Id], Payload: LetterHost.Order(1)))).Replayed);
    }

    [Fact]
    public async Task Discard_OpenLetters_AreNotReplayed()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.AddAsync([LetterHost.Event(1), LetterHost.Event(2)], reason: "Missing: A");
        await host.AddAsync([LetterHost.Event(3)], from: 50);
        Assert.Equal(1, (await host.SendAsync(new ReplayDeadLetters(Ids: [new(LetterHost.Dead, 0, 0)]))).Replayed);
        var report = await host.SendAsync(new DiscardDeadLetters([new(LetterHost.Dead, 0, 0), new(LetterHost.Dead, 0, 1), new(LetterHost.Dead, 0, 9)], null, "no use", "me"));
        Assert.Equal((1, 2), (report.Discarded, report.NotDiscarded));
        Assert.Equal(1, (await host.SendAsync(new DiscardDeadLetters(null, new DeadLetterFilter(Reason: "TimeStamp is not a string"), "neither"))).Discarded);
        Assert.Equal((0, 0), (await host.ReplayAllAsync()) is var all ? (all.Replayed, all.NotReplayed) : default);
        var letters = (await host.SendAsync(new ListDeadLetters(State: DeadLetterState.Discarded))).Letters;
        Assert.Equal(["neither", "no use"], letters.Select(l => l.Note).Order());
        var summary = await host.SendAsync(new GetDeadLetterSummary());
        Assert.Equal(0, summary.Open);
        Assert.Equal(3, summary.Counts.Sum(c => c.Count));
        Assert.Equal([1, 1, 1], summary.Counts.Select(c => (int)c.Count));
    }

    [Fact]
    public async Task Retention_DroppedLetters_AreGoneAndForgotten()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var host = await LetterHost.StartAsync(database);
        await host.AddAsync(Enumerable.Range(0, 3).Select(i => LetterHost.Event(i)));
        Assert.Equal(1, (await host.SendAsync(new ReplayDeadLetters(Ids: [new(LetterHost.Dead, 0, 0)]))).Replayed);
        await using (var connection = new NpgsqlConnection(database))
        {
            await connection.OpenAsync();
            await using var drop = new NpgsqlCommand("""
                do $$
                declare v_chunk int := (select chunk_id from log.topics where name = 'UserEvents.dead');
                begin
                    perform log.roll_chunk(v_chunk, 0);
                    assert log.drop_chunk(v_chunk, true);
                end $$
                """, connection);
            await drop.ExecuteNonQueryAsync();
        }

        await host.AddAsync([LetterHost.Event(7)], from: 10);
        var page = await host.SendAsync(new ListDeadLetters());
        Assert.Equal(["UserEvents.dead/0/3"], page.Letters.Select(l => l.Id.ToString()));
        Assert.Equal(LetterHost.Event(7), page.Letters[0].Preview);
        Assert.Equal(DeadLetterPresence.Gone, (await host.SendAsync(new GetDeadLetter(new(LetterHost.Dead, 0, 1)))).Found);
        Assert.Equal(HttpStatusCode.Gone, (await host.Http.GetAsync("/dead-letters/UserEvents.dead/0/0")).StatusCode);
        Assert.Equal((1, 3), (await host.SendAsync(new GetDeadLetterSummary())).Topics.Single(t => t.Name == LetterHost.Dead) is var topic ? (topic.Records, topic.Gone) : default);
        var report = await host.SendAsync(new ReplayDeadLetters(Ids: [new(LetterHost.Dead, 0, 1), page.Letters[0].Id]));
        Assert.Equal((1, ReplayProblemKind.Gone), (report.Replayed, Assert.Single(report.Problems).Kind));
    }

    /// <summary>Many letters are looked at in portions; whoever asks meanwhile is told that there are more.</summary>
    [Fact]
    public async Task Letters_ManyAtOnce_AreAllKnownInTheEnd()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync(), settings: new() { ["DeadLetters:CatchUpTime"] = "00:00:00.01" });
        for (var i = 0; i < 20; i++)
            await host.AddAsync(Enumerable.Range(0, 500).Select(n => LetterHost.Event(n)), from: i * 500);
        await Eventually.TrueAsync(async () => (await host.SendAsync(new GetDeadLetterSummary())).CaughtUp);
        var summary = await host.SendAsync(new GetDeadLetterSummary());
        Assert.Equal((10_000, 10_000), (summary.Open, summary.Counts.Single().Count));
    }

    [Fact]
    public async Task Request_NeitherIdsNorFilterOrNoNote_IsRefused()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new ReplayDeadLetters()));
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new ReplayDeadLetters(Ids: [new("a", 0, 0)], Filter: new DeadLetterFilter())));
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new ReplayDeadLetters(Filter: new DeadLetterFilter(), Payload: "{}")));
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new DiscardDeadLetters(null, new DeadLetterFilter(), "")));
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new ListDeadLetters(After: "7")));
    }

    [Fact]
    public async Task Routes_ListSummaryLetterReplayAndDiscard_Answer()
    {
        await using var host = await LetterHost.StartAsync(await postgres.CreateDatabaseAsync());
        await host.AddAsync([LetterHost.Event(1), LetterHost.Event(2)]);
        var list = await JsonAsync(await host.Http.GetAsync("/dead-letters?state=open&limit=1"));
        Assert.Equal("UserEvents.dead/0/1", (string?)list["Letters"]![0]!["Id"]);
        Assert.Equal("open", (string?)list["Letters"]![0]!["State"]);
        Assert.NotNull((string?)list["Next"]);
        Assert.Equal(2, (int)(await JsonAsync(await host.Http.GetAsync("/dead-letters/summary")))["Open"]!);
        var letter = await JsonAsync(await host.Http.GetAsync("/dead-letters/UserEvents.dead/0/0"));
        Assert.Equal(LetterHost.Event(1), (string?)letter["Payload"]);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/dead-letters/UserEvents.dead/0/7")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/dead-letters/UserEvents/0/0")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Http.GetAsync("/dead-letters?state=3")).StatusCode);
        using var replay = await host.Http.PostAsJsonAsync("/dead-letters/replay", new { Ids = new[] { "UserEvents.dead/0/0" } });
        Assert.Equal(1, (int)(await JsonAsync(replay))["Replayed"]!);
        using var discard = await host.Http.PostAsJsonAsync("/dead-letters/discard", new { Filter = new { }, Note = "no" });
        Assert.Equal(1, (int)(await JsonAsync(discard))["Discarded"]!);
        using var wrong = await host.Http.PostAsJsonAsync("/dead-letters/discard", new { Ids = new[] { "x" }, Note = "no" });
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }
}
