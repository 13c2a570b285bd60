using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Testing;

namespace Pipeline.Ingestion.Tests;

/// <summary>How long the topics that ingestion creates keep their records.</summary>
public sealed class RetentionTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Policies =
        "SELECT string_agg(name || ' ' || coalesce(max_age_ms::text, '-') || ' ' || coalesce(max_bytes::text, '-') || ' ' || drop_unconsumed, ', ' ORDER BY name) FROM log.topics";

    [Fact]
    public async Task Start_NoSettings_KeepsSevenDaysAndDeadLettersForEver() => Assert.Equal(
        "PurchasedItem 604800000 - false, PurchasedItem.dead - - false, UserEvents 604800000 - false, UserEvents.dead - - false",
        await PoliciesAsync([]));

    [Fact]
    public async Task Start_Settings_AreThoseOfTheTopics() => Assert.Equal(
        "PurchasedItem - 1000000 false, PurchasedItem.dead - - false, UserEvents - 1000000 false, UserEvents.dead - - false",
        await PoliciesAsync(new() { ["Ingestion:Retention"] = "00:00:00", ["Ingestion:RetentionBytes"] = "1000000" }));

    [Theory]
    [InlineData("Ingestion:Retention", "-00:00:01")]
    [InlineData("Ingestion:Retention", "01:00:00")]
    [InlineData("Ingestion:RetentionBytes", "-1")]
    public async Task Start_SettingsThatCannotHold_AreRefusedByName(string name, string value)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => PoliciesAsync(new() { [name] = value }));
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
    }

    private async Task<string?> PoliciesAsync(Dictionary<string, string?> settings)
    {
        await using var api = await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync(), settings);
        await using var command = api.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(Policies);
        return await command.ExecuteScalarAsync() as string;
    }
}
