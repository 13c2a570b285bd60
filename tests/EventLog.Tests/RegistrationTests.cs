using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.EventLog.Kafka;
using Pipeline.EventLog.Postgres;
using Pipeline.EventLog.Tests.Postgres;
using Pipeline.Postgres;
using Pipeline.Testing.Kafka;

namespace Pipeline.EventLog.Tests;

public class RegistrationTests(PostgresLogHarness harness) : IClassFixture<PostgresLogHarness>
{
    [Fact]
    public async Task AddEventLog_Twice_GivesOneLogThatWorksInAHost()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
            [new("ConnectionStrings:warehouse", harness.ConnectionString), new("EventLog:RetentionInterval", "00:00:00.1")]);
        builder.Services.AddPostgres(builder.Configuration).AddEventLog(builder.Configuration).AddEventLog(builder.Configuration);
        var host = builder.Build();
        await host.StartAsync();
        var log = Assert.Single(host.Services.GetServices<IEventLog>());
        await log.EnsureTopicAsync(new TopicDefinition("registered"));
        var append = log.AppendAsync("registered", default);
        await host.StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
        Assert.Equal(0, (await append).Offset);
        await Assert.ThrowsAsync<TransientException>(async () => await log.AppendAsync("registered", default));
    }

    [SkippableFact]
    public async Task AddEventLog_WithKafka_UsesItAndNeedsNoPostgres()
    {
        Skip.If(MockKafka.Missing is not null, MockKafka.Missing);
        using var kafka = MockKafka.Start();
        kafka.CreateTopic("registered", 2);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:kafka", kafka.Servers)]).Build();
        await using var services = new ServiceCollection().AddLogging().AddEventLog(configuration).AddEventLog(configuration).BuildServiceProvider();
        var log = Assert.Single(services.GetServices<IEventLog>());
        await log.EnsureTopicAsync(new TopicDefinition("registered", 2));
        Assert.Equal(0, (await log.AppendAsync("registered", default)).Offset);
    }

    [Fact]
    public void KafkaOptions_SeveralOutOfRange_AreReportedAtOnceWithTheirValues()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("ConnectionStrings:kafka", "localhost:9092"), new("EventLog:Kafka:ReplicationFactor", "0"), new("EventLog:Kafka:Compression", "zip"),
            new("EventLog:Kafka:SaslMechanism", "PLAIN"), new("EventLog:Kafka:SaslPassword", "secret"), new("EventLog:Kafka:Groups:0", "nothing"),
            new("EventLog:Kafka:Producer:enable_idempotence", "false"),
        ]).Build();
        using var services = new ServiceCollection().AddLogging().AddEventLog(configuration).BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<KafkaLogOptions>>().Value);
        Assert.Equal(5, error.Failures.Count());
        Assert.Contains(error.Failures, f => f.Contains("EventLog:Kafka:Compression is 'zip'", StringComparison.Ordinal));
        Assert.DoesNotContain(error.Failures, f => f.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void KafkaOptions_Default_AreValid() => Assert.True(new KafkaLogOptionsValidator().Validate(null, new KafkaLogOptions()).Succeeded);

    [Fact]
    public void AddEventLog_WithoutServer_SaysWhatIsMissing()
    {
        using var services = new ServiceCollection().AddLogging().AddEventLog(new ConfigurationBuilder().Build()).BuildServiceProvider();
        var error = Assert.Throws<TerminalException>(services.GetRequiredService<IEventLog>);
        Assert.Contains("ConnectionStrings:warehouse", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_SeveralOutOfRange_AreReportedAtOnceWithTheirValues()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [new("EventLog:MaxRecordBytes", "7"), new("EventLog:FlushTimeout", "-00:00:01"), new("EventLog:MaxConnections", "0")]).Build();
        using var services = new ServiceCollection().AddLogging().AddEventLog(configuration).BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<PostgresLogOptions>>().Value);
        Assert.Equal(3, error.Failures.Count());
        Assert.Contains(error.Failures, f => f.Contains("EventLog:MaxRecordBytes is 7", StringComparison.Ordinal));
    }

    [Fact]
    public void Options_Default_AreValid() =>
        Assert.True(new PostgresLogOptionsValidator().Validate(null, new PostgresLogOptions()).Succeeded);
}
