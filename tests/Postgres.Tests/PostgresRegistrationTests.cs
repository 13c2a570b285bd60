using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

public class PostgresRegistrationTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task DataSource_OfTheConfiguredServer_AnswersUnderItsName()
    {
        await using var provider = Services(await postgres.CreateDatabaseAsync());
        await using var command = provider.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT current_setting('application_name')");

        Assert.Equal("pipeline", await command.ExecuteScalarAsync());
        Assert.Same(provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<NpgsqlDataSource>());
    }

    [Fact]
    public async Task DataSource_WithoutSettingsOfItsOwn_GetsOurs()
    {
        await using var provider = Services("Host=db;Username=u");
        var settings = new NpgsqlConnectionStringBuilder(provider.GetRequiredService<NpgsqlDataSource>().ConnectionString);

        Assert.Equal(("pipeline", 24, 64, 10), (settings.ApplicationName, settings.MaxPoolSize, settings.MaxAutoPrepare, settings.Timeout));
        Assert.False(settings.IncludeErrorDetail);
    }

    [Fact]
    public async Task DataSource_WithSettingsOfItsOwn_KeepsThem()
    {
        await using var provider = Services("Host=db;Username=u;ApplicationName=mine;MaxPoolSize=100;Max Auto Prepare=0;Timeout=15");
        var settings = new NpgsqlConnectionStringBuilder(provider.GetRequiredService<NpgsqlDataSource>().ConnectionString);

        Assert.Equal(("mine", 100, 0, 15), (settings.ApplicationName, settings.MaxPoolSize, settings.MaxAutoPrepare, settings.Timeout));
    }

    [Theory]
    [InlineData(null, "ConnectionStrings:warehouse is not set")]
    [InlineData(" ", "ConnectionStrings:warehouse is not set")]
    [InlineData("Host=db;No such key=1", "ConnectionStrings:warehouse is not a valid connection string")]
    public async Task DataSource_WithoutAUsableConnectionString_SaysSo(string? connectionString, string message)
    {
        await using var provider = Services(connectionString);

        var error = Assert.Throws<TerminalException>(provider.GetRequiredService<NpgsqlDataSource>);

        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HealthCheck_TellsWhetherTheServerAnswers()
    {
        await using var healthy = Services(await postgres.CreateDatabaseAsync());
        await using var away = Services("Host=127.0.0.1;Port=1;Username=u");

        Assert.Equal(HealthStatus.Healthy, await StatusAsync(healthy));
        Assert.Equal(HealthStatus.Unhealthy, await StatusAsync(away));
    }

    private static ServiceProvider Services(string? connectionString) =>
        new ServiceCollection().AddLogging()
            .AddPostgres(new ConfigurationManager { ["ConnectionStrings:warehouse"] = connectionString })
            .BuildServiceProvider();

    private static async Task<HealthStatus> StatusAsync(ServiceProvider provider) =>
        (await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status;
}
