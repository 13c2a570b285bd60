using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

/// <summary>The figures of a table, without its snapshot.</summary>
public sealed class SummaryTests : IDisposable
{
    private static readonly DeltaTableDefinition _definition = new() { Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long)) };

    private readonly TempFolder _folder = new();
    private readonly DuckDatabase _engine = DuckDatabase.Open();
    private readonly DuckConnection _connection;

    public SummaryTests() => _connection = _engine.Connect();

    [Fact]
    public async Task Summary_OfATableThatOthersWrite_FollowsItAndReadsOnlyWhatIsNew()
    {
        using var writer = Lakes.Open(new FolderObjectStore(_folder.Path));
        await writer.Table("t").CreateIfNotExistsAsync(_definition);
        var store = new CountingStore(new FolderObjectStore(_folder.Path));
        using var reader = Lakes.Open(store);
        Assert.Null(await reader.Table("none").SummariseAsync());
        for (var round = 0; round < 15; round++)
        {
            await writer.Table("t").AppendAsync(_connection, $"SELECT {round}::BIGINT AS id");
            var snapshot = await writer.Table("t").SnapshotAsync();
            Assert.Equal(TableSummary.Of(snapshot), await reader.Table("t").SummariseAsync());
            Assert.Equal(TableSummary.Of(snapshot), await writer.Table("t").SummariseAsync());
            store.Calls.Clear();
            Assert.Equal(TableSummary.Of(snapshot), await reader.Table("t").SummariseAsync());
            Assert.All(store.Calls, call => Assert.StartsWith("head ", call, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Summary_OfATableMadeAnew_IsTheNewOnes()
    {
        using var reader = Lakes.Open(new FolderObjectStore(_folder.Path));
        using (var first = Lakes.Open(new FolderObjectStore(_folder.Path)))
        {
            await first.Table("t").CreateIfNotExistsAsync(_definition);
            await first.Table("t").AppendAsync(_connection, "SELECT range AS id FROM range(5)");
        }

        Assert.Equal(5, (await reader.Table("t").SummariseAsync())!.Rows);
        Directory.Delete(Path.Combine(_folder.Path, "t"), recursive: true);
        Assert.Null(await reader.Table("t").SummariseAsync());
        using (var second = Lakes.Open(new FolderObjectStore(_folder.Path)))
        {
            await second.Table("t").CreateIfNotExistsAsync(_definition);
            await second.Table("t").AppendAsync(_connection, "SELECT range AS id FROM range(7)");
        }

        Assert.Equal(7, (await reader.Table("t").SummariseAsync())!.Rows);
    }

    public void Dispose()
    {
        _connection.Dispose();
        _engine.Dispose();
        _folder.Dispose();
    }
}
