using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

/// <summary>The process dies between any two calls of the store: the table is then as before the operation or as after it.</summary>
public sealed class CrashTests : IDisposable
{
    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
    private readonly DuckConnection _connection;

    public CrashTests() => _connection = _database.Connect();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Appends_DyingAtAnyCall_LoseAndRepeatNothing(bool afterEffect)
    {
        for (var diesAt = 1; ; diesAt++)
        {
            using var folder = new TempFolder();
            await CreateAsync(folder.Path, new Dictionary<string, string?> { ["delta.checkpointInterval"] = "2" });
            var store = new FaultyStore(new FolderObjectStore(folder.Path), diesAt, afterEffect);
            long? acknowledged = null;
            try
            {
                using var lake = Lakes.Open(store);
                for (var batch = 0; batch < 3; batch++)
                {
                    Assert.True((await AppendAsync(lake.Table("t"), batch)).Committed);
                    acknowledged = batch;
                }
            }
            catch (TransientException)
            {
                Assert.True(store.Died);
            }

            var position = await ResumeAsync(folder.Path);
            Assert.True(acknowledged is null || position >= acknowledged, "an acknowledged append is lost");
            await VerifyAsync(folder.Path, 3);
            if (!store.Died)
                return;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Compaction_DyingAtAnyCall_ChangesNoRow(bool afterEffect)
    {
        for (var diesAt = 1; ; diesAt++)
        {
            using var folder = new TempFolder();
            await CreateAsync(folder.Path, new Dictionary<string, string?>());
            using (var lake = Lakes.Open(new FolderObjectStore(folder.Path)))
            {
                for (var batch = 0; batch < 3; batch++)
                    await AppendAsync(lake.Table("t"), batch);
            }

            var store = new FaultyStore(new FolderObjectStore(folder.Path), diesAt, afterEffect);
            try
            {
                using var lake = Lakes.Open(store);
                await lake.Table("t").CompactAsync();
                await lake.Table("t").CheckpointAsync();
            }
            catch (TransientException)
            {
                Assert.True(store.Died);
            }

            await VerifyAsync(folder.Path, 3);
            if (!store.Died)
                return;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Vacuum_DyingAtAnyCall_KeepsTheTable(bool afterEffect)
    {
        for (var diesAt = 1; ; diesAt++)
        {
            using var folder = new TempFolder();
            await CreateAsync(folder.Path, new Dictionary<string, string?>());
            using (var lake = Lakes.Open(new FolderObjectStore(folder.Path)))
            {
                for (var batch = 0; batch < 3; batch++)
                    await AppendAsync(lake.Table("t"), batch);
                await lake.Table("t").CompactAsync();
                await lake.Table("t").WriteFilesAsync(_connection, Query(9));
            }

            var store = new FaultyStore(new FolderObjectStore(folder.Path), diesAt, afterEffect);
            try
            {
                using var lake = Lakes.Open(store, new ShiftedTime(TimeSpan.FromDays(8)));
                await lake.Table("t").VacuumAsync();
            }
            catch (TransientException)
            {
                Assert.True(store.Died);
            }

            await VerifyAsync(folder.Path, 3);
            if (!store.Died)
                return;
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    // Two partitions, so two files.
    private static string Query(int batch) => $"SELECT {batch * 10}::BIGINT + i AS id, 'x' AS name, DATE '2024-01-01' + (i % 2)::INT AS day FROM range(4) r(i)";

    private static async Task CreateAsync(string folder, Dictionary<string, string?> configuration)
    {
        using var lake = Lakes.Open(new FolderObjectStore(folder));
        await lake.Table("t").CreateIfNotExistsAsync(new DeltaTableDefinition
        {
            Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long), new DeltaField("name", DeltaType.String), new DeltaField("day", DeltaType.Date)),
            PartitionColumns = ["day"],
            Configuration = configuration,
        });
    }

    private Task<DeltaAppendResult> AppendAsync(DeltaTable table, int batch) =>
        table.AppendAsync(_connection, Query(batch), null, new DeltaTransaction("sink", batch == 0 ? null : batch - 1, batch));

    // As a sink does after a crash: from the position in the table on.
    private async Task<long?> ResumeAsync(string folder)
    {
        using var lake = Lakes.Open(new FolderObjectStore(folder));
        var table = lake.Table("t");
        long? position = (await table.SnapshotAsync()).Transactions.TryGetValue("sink", out var version) ? version : null;
        for (var batch = (int)(position ?? -1) + 1; batch < 3; batch++)
            Assert.True((await AppendAsync(table, batch)).Committed);
        return position;
    }

    private async Task VerifyAsync(string folder, int batches)
    {
        using var lake = new LakeCatalog(
            new FolderObjectStore(folder), new LakeOptions(), new ShiftedTime(TimeSpan.FromDays(8)), NullLogger<LakeCatalog>.Instance);
        var table = lake.Table("t");
        var expected = Enumerable.Range(0, batches).SelectMany(b => Enumerable.Range(0, 4).Select(i => (b * 10) + i)).ToList();
        Assert.Equal(expected, await IdsAsync(table));

        await table.VacuumAsync();
        Assert.Equal(expected, await IdsAsync(table));
        var onDisk = Directory.EnumerateFiles(Path.Combine(folder, "t"), "*.parquet", SearchOption.AllDirectories)
            .Count(f => !f.Contains("_delta_log", StringComparison.Ordinal));
        Assert.Equal((await table.SnapshotAsync()).FileCount, onDisk);
    }

    private async Task<List<int>> IdsAsync(DeltaTable table)
    {
        await (await table.SnapshotAsync()).CreateViewAsync(_connection, "v");
        return [.. _connection.Texts("SELECT id::VARCHAR FROM v ORDER BY id").Select(t => int.Parse(t, System.Globalization.CultureInfo.InvariantCulture))];
    }
}
