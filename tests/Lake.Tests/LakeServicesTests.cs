using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Pipeline.Lake.Tests;

public sealed class LakeServicesTests
{
    [Fact]
    public async Task AddLake_Folder_OpensAndListsTables()
    {
        using var folder = new TempFolder();
        using var services = Services(new() { ["ConnectionStrings:lake"] = folder.Path });
        var lake = services.GetRequiredService<LakeCatalog>();
        var definition = new DeltaTableDefinition { Schema = new DeltaSchema(new DeltaField("a", DeltaType.Long)) };
        await lake.Table("raw/b").CreateIfNotExistsAsync(definition);
        await lake.Table("raw/a/deep").CreateIfNotExistsAsync(definition);
        await lake.Table("gold").CreateIfNotExistsAsync(definition);

        Assert.Equal(["gold", "raw/a/deep", "raw/b"], await ListAsync(lake, ""));
        Assert.Equal(["raw/a/deep", "raw/b"], await ListAsync(lake, "raw"));
        Assert.Same(lake.Table("gold"), lake.Table("gold"));
        Assert.Same(lake.Store, services.GetRequiredService<IObjectStore>());
        await lake.PingAsync();
    }

    [Theory]
    [InlineData(null, "not set")]
    [InlineData("gs://bucket/prefix?secret=x", "'gs://'")]
    [InlineData("abfss://x", "'abfss://'")]
    public void AddLake_StoreThatThisBuildDoesNotHold_SaysSo(string? connection, string said)
    {
        using var services = Services(new() { ["ConnectionStrings:lake"] = connection });
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<LakeOptions>>().Value);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Throws<TerminalException>(() => services.GetRequiredService<IObjectStore>());
    }

    [Fact]
    public void AddLake_SeveralWrongOptions_ReportsAll()
    {
        using var services = Services(new()
        {
            ["ConnectionStrings:lake"] = "x",
            ["Lake:EngineMemoryBytes"] = "5",
            ["Lake:EngineThreads"] = "0",
            ["Lake:MaxCommitAttempts"] = "0",
            ["Lake:CheckpointInterval"] = "-3",
        });
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<LakeOptions>>().Value);
        Assert.Equal(4, error.Failures.Count());
        Assert.Contains("-3", error.Message, StringComparison.Ordinal);
    }

    private static ServiceProvider Services(Dictionary<string, string?> settings) =>
        new ServiceCollection().AddLogging().AddLake(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).BuildServiceProvider();

    private static async Task<List<string>> ListAsync(LakeCatalog lake, string prefix)
    {
        var tables = new List<string>();
        await foreach (var table in lake.ListTablesAsync(prefix))
            tables.Add(table);
        return tables;
    }
}
