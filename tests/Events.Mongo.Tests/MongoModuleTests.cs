using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using MongoDB.Driver;
using Pipeline.Events.Application;

namespace Pipeline.Events.Mongo.Tests;

public class MongoModuleTests
{
    [Fact]
    public void Connection_WithoutMore_IsAcknowledgedByMajorityAndJournal()
    {
        var connection = MongoConnection.Parse("mongodb://admin:p%40ss@db:27017/shop?authSource=admin&authMechanism=SCRAM-SHA-256");

        Assert.Equal("shop", connection.Database);
        Assert.Equal(WriteConcern.WMajority.W, connection.Settings.WriteConcern.W);
        Assert.True(connection.Settings.WriteConcern.Journal);
        Assert.Equal("pipeline", connection.Settings.ApplicationName);
    }

    [Theory]
    [InlineData("mongodb://db:27017", "names no database")]
    [InlineData("mongodb://db:27017/?authSource=admin", "names no database")]
    [InlineData("mongodb://u:sesame@db:port/x", "is not a valid connection string")]
    [InlineData("Host=db", "is not a valid connection string")]
    [InlineData("mongodb://db/x?w=0", "says w=0")]
    public void Connection_ThatIsOfNoUse_SaysWhyWithoutItsPassword(string text, string reason)
    {
        var error = Assert.Throws<TerminalException>(() => MongoConnection.Parse(text));

        Assert.StartsWith("ConnectionStrings:mongo", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddEventsInMongo_WithAConnectionString_IsTheStoreOfTheModule()
    {
        await using var services = Services(new() { ["ConnectionStrings:mongo"] = "mongodb://127.0.0.1:1/pipeline?serverSelectionTimeoutMS=100" });

        Assert.IsType<MongoUserEventStore>(services.GetRequiredService<IUserEventStore>());
        var report = await services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal("MongoDB does not answer.", report.Entries["mongo"].Description);
    }

    [Fact]
    public void AddEventsInMongo_WithoutAConnectionString_LeavesEventsInPostgres()
    {
        var services = new ServiceCollection();

        services.AddEventsInMongo(new ConfigurationBuilder().Build());

        Assert.Empty(services);
    }

    [Fact]
    public async Task Options_WithSeveralFaults_ReportsAllAtOnce()
    {
        await using var services = Services(new()
        {
            ["ConnectionStrings:mongo"] = "mongodb://db/x", ["Mongo:MaxInsertBytes"] = "1", ["Mongo:CountStep"] = "0", ["Mongo:ParallelCounts"] = "0",
        });

        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<MongoOptions>>().Value);

        Assert.Equal(3, error.Failures.Count());
    }

    private static ServiceProvider Services(Dictionary<string, string?> settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        return new ServiceCollection().AddLogging().AddEventsInMongo(configuration).AddEvents(configuration).BuildServiceProvider();
    }
}
