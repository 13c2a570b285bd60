namespace Pipeline.Lake.Tests;

public sealed class FolderDeltaTableTests : DeltaTableSuite
{
    private readonly TempFolder _folder = new();

    internal override IObjectStore OpenStore() => new FolderObjectStore(_folder.Path);

    private protected override string ConnectionString => _folder.Path;

    [Fact]
    public async Task Snapshot_AsOfATime_IsTheLastVersionOfByThen()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        for (var i = 0; i < 4; i++)
            await table.AppendAsync(Connection, $"SELECT {i} AS id, DATE '2024-01-01' AS day");
        var start = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        // Version 3 was written while the store's clock was behind.
        int[] hours = [0, 1, 2, 1, 4];
        for (var version = 0; version < hours.Length; version++)
            File.SetLastWriteTimeUtc(Path.Combine(_folder.Path, "t", "_delta_log", $"{version:D20}.json"), start.AddHours(hours[version]));

        Assert.Equal(0, (await table.SnapshotAsync(new DateTimeOffset(start.AddMinutes(30)))).Version);
        Assert.Equal(1, (await table.SnapshotAsync(new DateTimeOffset(start.AddHours(1)))).Version);
        Assert.Equal(3, (await table.SnapshotAsync(new DateTimeOffset(start.AddHours(3)))).Version);
        Assert.Equal(4, (await table.SnapshotAsync(new DateTimeOffset(start.AddYears(1)))).Version);
        await Assert.ThrowsAsync<TerminalException>(async () => await table.SnapshotAsync(new DateTimeOffset(start.AddHours(-1))));
    }

    [Fact]
    public async Task Checkpoint_OldLog_IsCleanedUp()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay with { Configuration = new Dictionary<string, string?> { ["delta.checkpointInterval"] = "3" } });
        for (var i = 0; i < 8; i++)
            await table.AppendAsync(Connection, $"SELECT {i} AS id, DATE '2024-01-01' AS day");
        var log = Path.Combine(_folder.Path, "t", "_delta_log");
        foreach (var file in Directory.EnumerateFiles(log))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-60));

        using var other = Lakes.Open(OpenStore());
        await other.Table("t").AppendAsync(Connection, "SELECT 8 AS id, DATE '2024-01-01' AS day");

        Assert.Equal(
            ["6.checkpoint.parquet", "6.json", "7.json", "8.json", "9.checkpoint.parquet", "9.json", "_last_checkpoint"],
            Directory.EnumerateFiles(log).Select(f => Path.GetFileName(f).TrimStart('0')).Order(StringComparer.Ordinal));
        using var reader = Lakes.Open(OpenStore());
        Assert.Equal(9, (await reader.Table("t").SnapshotAsync()).RowCount);
        Assert.Equal(7, (await reader.Table("t").SnapshotAsync(7)).RowCount);
        Assert.Equal(4, (await reader.Table("t").HistoryAsync()).Count);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _folder.Dispose();
    }
}
