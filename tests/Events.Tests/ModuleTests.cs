using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.Events.Infrastructure;

namespace Pipeline.Events.Tests;

public class ModuleTests
{
    [Fact]
    public void Options_Unset_AreTheDefaults()
    {
        var options = Options([]);

        Assert.Equal(EventsMode.Continuous, options.Mode);
        Assert.Equal(TimeSpan.FromMinutes(2), options.Interval);
    }

    [Fact]
    public void Options_WithSeveralFaults_ReportsAllAtOnce()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Options(new()
        {
            ["Events:Mode"] = "7",
            ["Events:Interval"] = "00:00:00",
            ["Events:CommitInterval"] = "-1",
            ["Events:MaxBatchBytes"] = "0",
            ["Events:MaxRetryDelay"] = "1",
        }));

        Assert.Equal(6, error.Failures.Count());
        Assert.Contains("Events:Interval must be from 1 s to 1 day; it is 00:00:00.", error.Failures);
    }

    [Fact]
    public void AddEvents_GivenMongoWithoutItsAdapter_SaysHowToBuildIt()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:mongo", "mongodb://db/pipeline")]).Build();

        var error = Assert.Throws<TerminalException>(() => new ServiceCollection().AddEvents(configuration));

        Assert.Contains("ConnectionStrings:mongo is set, but this build has no MongoDB adapter", error.Message, StringComparison.Ordinal);
        Assert.Contains("dotnet build src/Api -p:Stack=aspire", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddEvents_AfterAnotherStore_LeavesPostgresWithoutTables()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:mongo", "mongodb://db/pipeline")]).Build();
        var services = new ServiceCollection().AddSingleton<IUserEventStore>(_ => throw new InvalidOperationException());

        services.AddEvents(configuration);

        Assert.Single(services, s => s.ServiceType == typeof(IUserEventStore));
        Assert.DoesNotContain(services, s => s.ServiceType.Name == "MigrationSource");
    }

    [Theory]
    [InlineData("2025-01-01T00:00:00Z", 120)]
    [InlineData("2025-01-01T00:00:01Z", 119)]
    [InlineData("2025-01-01T00:01:59.5Z", 0.5)]
    [InlineData("2025-01-01T00:02:00Z", 120)]
    public void Schedule_AtAnyTime_WaitsForTheNextMultipleOfTheInterval(string now, double seconds)
    {
        var options = Microsoft.Extensions.Options.Options.Create(new EventsOptions());
        using var schedule = new UserEventsSchedule(null!, null!, options, TimeProvider.System, NullLogger<UserEventsSchedule>.Instance);

        Assert.Equal(TimeSpan.FromSeconds(seconds), schedule.UntilNextRun(DateTimeOffset.Parse(now)));
    }

    [Theory]
    [InlineData(10, 200)]
    [InlineData(66, 200)]
    [InlineData(100, 300)]
    [InlineData(199, 597)]
    [InlineData(5_000, 600)]
    public void Interval_OfSlowTransactions_GrowsToThreeTimes(int busy, int expected) =>
        Assert.Equal(TimeSpan.FromMilliseconds(expected), UserEventsConsumer.Interval(TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(busy)));

    [Theory]
    [InlineData("user-17", "PageVisited", "user-17/PageVisited")]
    [InlineData("a/b", "%", "a%2Fb/%25")]
    [InlineData("ä ", "/", "%C3%A4%20/%2F")]
    public void EventPair_AsText_ComesBack(string user, string name, string text)
    {
        var pair = new EventPair(user, name);

        Assert.Equal(text, pair.ToString());
        Assert.True(EventPair.TryParse(text, out var parsed));
        Assert.Equal(pair, parsed);
    }

    [Fact]
    public async Task Retry_OfTransientErrors_GoesOnUntilItSucceeds()
    {
        var options = Microsoft.Extensions.Options.Options.Create(new EventsOptions { MaxRetryDelay = TimeSpan.FromMilliseconds(1) });
        var retry = new Retry(options, TimeProvider.System, NullLogger<Retry>.Instance);
        var tries = 0;

        var result = await retry.RunAsync(_ => ++tries < 3 ? throw new TransientException("away") : Task.FromResult(tries), "Try", default);

        Assert.Equal(3, result);
        await Assert.ThrowsAsync<TerminalException>(() => retry.RunAsync<int>(_ => throw new TerminalException("wrong"), "Try", default));
    }

    private static EventsOptions Options(Dictionary<string, string?> settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var services = new ServiceCollection().AddEvents(configuration);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<EventsOptions>>().Value;
    }
}
