using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

public abstract partial class DeltaTableSuite
{
    [SkippableFact]
    public async Task Overwrite_Partitions_ReplacesOnlyTheirRows()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        await table.AppendAsync(Connection, "SELECT i AS id, 'old' AS name, DATE '2024-01-01' + (i % 3)::INT AS day FROM range(6) r(i)");
        var written = await table.WriteFilesAsync(Connection, "SELECT 100 AS id, 'new' AS name, DATE '2024-01-02' AS day");
        var result = await table.OverwriteAsync(new DeltaOverwrite { Files = written.Files, Scope = OverwriteScope.Partitions });
        Assert.Equal(["""{"id":0}""", """{"id":100}""", """{"id":2}""", """{"id":3}""", """{"id":5}"""], await result.Snapshot.RowsAsync(Connection, "id"));
        Assert.Equal(6, (await table.SnapshotAsync(1)).RowCount);
        Assert.Equal(0, (await table.OverwriteAsync(new DeltaOverwrite())).Snapshot.RowCount);
    }

    [SkippableFact]
    public async Task Overwrite_BasedOnAVersionThatChanged_IsAConflict()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        await table.AppendAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day");
        await table.AppendAsync(Connection, "SELECT 2 AS id, DATE '2024-01-01' AS day");
        var based = await table.SnapshotAsync();
        var written = await table.WriteFilesAsync(Connection, "SELECT 3 AS id, DATE '2024-01-01' AS day");

        await table.CompactAsync();
        await table.AppendAsync(new DeltaAppend { Transactions = [new("x", null, 1)] });
        Assert.True((await table.OverwriteAsync(new DeltaOverwrite { Files = written.Files, BasedOn = based })).Committed);

        var again = await table.WriteFilesAsync(Connection, "SELECT 4 AS id, DATE '2024-01-01' AS day");
        await Assert.ThrowsAsync<DeltaConflictException>(async () => await table.OverwriteAsync(new DeltaOverwrite { Files = again.Files, BasedOn = based }));
    }

    [SkippableFact]
    public async Task AppendOnly_TableWithThatProperty_TakesAppendsAndCompactionOnly()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay with { Configuration = new Dictionary<string, string?> { ["delta.appendOnly"] = "true" } });
        await table.AppendAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day");
        await table.AppendAsync(Connection, "SELECT 2 AS id, DATE '2024-01-01' AS day");
        Assert.Equal(2, (await table.CompactAsync()).FilesRemoved);
        await Assert.ThrowsAsync<TerminalException>(async () => await table.OverwriteAsync(new DeltaOverwrite()));
    }

    [SkippableFact]
    public async Task Compact_SmallFiles_PutsThoseOfAPartitionTogether()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        for (var i = 0; i < 5; i++)
        {
            await table.AppendAsync(
                Connection,
                $"SELECT {i} * 10 + i AS id, 'n' AS name, DATE '2024-01-01' + (i % 2)::INT AS day FROM range(4) r(i)",
                null,
                new DeltaTransaction("sink", i == 0 ? null : i - 1, i));
        }

        var before = await table.SnapshotAsync();
        var rows = await before.RowsAsync(Connection);

        var result = await table.CompactAsync();

        Assert.Equal((10, 2), (result.FilesRemoved, result.FilesAdded));
        Assert.Equal(rows, await result.Snapshot.RowsAsync(Connection));
        Assert.Equal(rows, await before.RowsAsync(Connection));
        Assert.Equal(4, result.Snapshot.Transactions["sink"]);
        Assert.All(result.Snapshot.Files, f => Assert.False(f.DataChange));
        Assert.Equal(0, (await table.CompactAsync()).FilesRemoved);
        Assert.Equal("OPTIMIZE", (await table.HistoryAsync(1))[0].Operation);
    }

    [SkippableFact]
    public async Task Compact_TargetSize_DividesAPartitionIntoFilesOfIt()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        for (var i = 0; i < 6; i++)
            await table.AppendAsync(
                Connection, $"SELECT i AS id, md5(i::VARCHAR) AS name, DATE '2024-01-01' AS day FROM range({i * 100}, {(i * 100) + 99}) r(i)");
        var size = (await table.SnapshotAsync()).Files[0].Size;
        var result = await table.CompactAsync(new DeltaCompaction { TargetBytes = (size * 2) + (size / 2), SmallBytes = size * 2 });
        Assert.Equal((6, 3), (result.FilesRemoved, result.FilesAdded));
        Assert.Equal(594, result.Snapshot.RowCount);
    }

    [SkippableFact]
    public async Task Compact_WhileOthersAppend_LosesNothing()
    {
        using (var setup = Lakes.Open(OpenStore()))
            await setup.Table("t").CreateIfNotExistsAsync(ByDay);
        var appends = Enumerable.Range(0, 3).Select(writer => Task.Run(async () =>
        {
            using var database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
            using var connection = database.Connect();
            using var lake = Lakes.Open(OpenStore());
            for (var i = 0; i < 10; i++)
            {
                await lake.Table("t").AppendAsync(
                    connection, $"SELECT {(writer * 100) + i} AS id, DATE '2024-01-01' AS day",
                        null, new DeltaTransaction($"w{writer}", i == 0 ? null : i - 1, i));
            }
        })).ToList();
        var compactions = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            using var lake = Lakes.Open(OpenStore());
            for (var i = 0; i < 5; i++)
                await lake.Table("t").CompactAsync();
        }));
        await Task.WhenAll([.. appends, .. compactions]);

        using var reader = Lakes.Open(OpenStore());
        var snapshot = await reader.Table("t").SnapshotAsync();
        Assert.Equal(30, (await snapshot.RowsAsync(Connection, "id")).Distinct().Count());
        Assert.Equal(30, snapshot.RowCount);
        Assert.Equal([9, 9, 9], snapshot.Transactions.Values);
    }

    [SkippableFact]
    public async Task Vacuum_OrphansAndRemovedFiles_GoAfterTheRetention()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        await table.AppendAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day");
        await table.AppendAsync(Connection, "SELECT 2 AS id, DATE '2024-01-01' AS day");
        await table.CompactAsync();
        var orphan = await table.WriteFilesAsync(Connection, "SELECT 9 AS id, DATE '2024-01-01' AS day");
        await OpenStore().PutAsync(ObjectPath.Parse("t/_other/keep.txt"), new byte[1]);
        await OpenStore().PutAsync(ObjectPath.Parse("t/inner/_delta_log/00000000000000000000.json"), new byte[1]);
        await OpenStore().PutAsync(ObjectPath.Parse("t/inner/data.parquet"), new byte[1]);

        Assert.Empty((await table.VacuumAsync()).Files);
        Assert.Equal(2, (await (await table.SnapshotAsync(2)).RowsAsync(Connection)).Count);
        await Assert.ThrowsAsync<TerminalException>(async () => await table.VacuumAsync(new DeltaVacuum { Retention = TimeSpan.FromHours(1) }));
        await Assert.ThrowsAsync<TerminalException>(async () => await table.VacuumAsync(new DeltaVacuum { Retention = TimeSpan.FromDays(30) }));

        using var later = Lakes.Open(OpenStore(), new ShiftedTime(TimeSpan.FromDays(8)));
        var dry = await later.Table("t").VacuumAsync(new DeltaVacuum { DryRun = true });
        var done = await later.Table("t").VacuumAsync();
        Assert.Equal(3, dry.Files.Count);
        Assert.Equal(dry.Files, done.Files);
        Assert.Contains(UriPath.Decode(orphan.Files[0].Path), done.Files);
        Assert.Empty((await later.Table("t").VacuumAsync()).Files);
        Assert.Equal(2, (await (await table.SnapshotAsync()).RowsAsync(Connection)).Count);
        Assert.NotNull(await OpenStore().HeadAsync(ObjectPath.Parse("t/_other/keep.txt")));
        Assert.NotNull(await OpenStore().HeadAsync(ObjectPath.Parse("t/inner/data.parquet")));
    }

    [SkippableFact]
    public async Task History_OfATable_IsNewestFirst()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        var written = await table.WriteFilesAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day");
        await table.AppendAsync(
            new DeltaAppend { Files = written.Files, Operation = "STREAMING UPDATE", Metrics = new Dictionary<string, string> { ["epoch"] = "7" } });
        var history = await table.HistoryAsync();
        Assert.Equal([(1L, "STREAMING UPDATE"), (0L, "CREATE TABLE")], history.Select(h => (h.Version, h.Operation!)));
        Assert.Equal(("1", "1", "7"), (history[0].Metrics["numOutputRows"], history[0].Metrics["numFiles"], history[0].Metrics["epoch"]));
        Assert.True(history[0].Timestamp > history[1].Timestamp);
        Assert.Single(await table.HistoryAsync(1));
    }

    [SkippableFact]
    public async Task Refresh_OfACachedSnapshot_ReadsOnlyNewCommits()
    {
        using var writer = Lakes.Open(OpenStore());
        await writer.Table("t").CreateIfNotExistsAsync(ByDay);
        for (var i = 0; i < 5; i++)
            await writer.Table("t").AppendAsync(Connection, $"SELECT {i} AS id, DATE '2024-01-01' AS day");
        var counting = new CountingStore(OpenStore());
        using var reader = Lakes.Open(counting);
        await reader.Table("t").SnapshotAsync();
        counting.Calls.Clear();

        await reader.Table("t").SnapshotAsync();
        Assert.Equal(["read 00000000000000000006.json"], counting.Calls);

        await writer.Table("t").AppendAsync(Connection, "SELECT 7 AS id, DATE '2024-01-01' AS day");
        counting.Calls.Clear();
        Assert.Equal(6, (await reader.Table("t").SnapshotAsync()).Version);
        Assert.Equal(["read 00000000000000000006.json", "read 00000000000000000007.json"], counting.Calls);
    }

    [SkippableFact]
    public async Task Checkpoint_OfThisWriter_HasTheSchemaOfTheProtocol()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        await table.AppendAsync(Connection, "SELECT 1 AS id, NULL::DATE AS day", null, new DeltaTransaction("a", null, 3));
        await table.AppendAsync(Connection, "SELECT 2 AS id, NULL::DATE AS day");
        await table.CompactAsync();
        await table.CheckpointAsync();
        var file = await OpenStore().GetLocalPathAsync(ObjectPath.Parse("t/_delta_log/00000000000000000003.checkpoint.parquet"));
        Connection.Execute($"CREATE OR REPLACE TEMP VIEW checkpoint_file AS FROM read_parquet({Sql.Literal(file)})");
        Assert.Equal(
            [
                "txn STRUCT(appId VARCHAR, \"version\" BIGINT, lastUpdated BIGINT)",
                "add STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, "
                    + "stats VARCHAR, tags MAP(VARCHAR, VARCHAR))",
                "remove STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, "
                    + "partitionValues MAP(VARCHAR, VARCHAR), size BIGINT)",
                "metaData STRUCT(id VARCHAR, \"name\" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, \"options\" MAP(VARCHAR, VARCHAR)), "
                    + "schemaString VARCHAR, partitionColumns VARCHAR[], \"configuration\" MAP(VARCHAR, VARCHAR), createdTime BIGINT)",
                "protocol STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER)",
            ],
            Connection.Texts("SELECT column_name || ' ' || column_type FROM (DESCRIBE FROM checkpoint_file)"));
        Assert.Equal(
            ["1|1|1|2|1"],
            Connection.Texts("SELECT concat_ws('|', count(txn), count(metaData), count(protocol), count(remove), count(add)) FROM checkpoint_file"));
        Assert.Equal(["{day=NULL}"], Connection.Texts("SELECT add.partitionValues::VARCHAR FROM checkpoint_file WHERE add IS NOT NULL"));
    }

    [SkippableFact]
    public async Task Checkpoint_ExpiredTombstones_AreLeftOut()
    {
        using (var lake = Lakes.Open(OpenStore()))
        {
            await lake.Table("t").CreateIfNotExistsAsync(ByDay);
            await lake.Table("t").AppendAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day");
            await lake.Table("t").OverwriteAsync(new DeltaOverwrite());
        }

        using var later = Lakes.Open(OpenStore(), new ShiftedTime(TimeSpan.FromDays(8)));
        await later.Table("t").CheckpointAsync();
        var file = await OpenStore().GetLocalPathAsync(ObjectPath.Parse("t/_delta_log/00000000000000000002.checkpoint.parquet"));
        Assert.Equal(0, Connection.QueryInt64($"SELECT count(remove) FROM read_parquet({Sql.Literal(file)})"));
    }

    [SkippableFact]
    public async Task Checkpoint_ExpiredTransactions_AreLeftOutAndForgotten()
    {
        var definition = ByDay with
        {
            Configuration = new Dictionary<string, string?> { ["delta.setTransactionRetentionDuration"] = "interval 30 days" },
        };
        var time = new ShiftedTime(TimeSpan.Zero);
        using (var lake = Lakes.Open(OpenStore(), time))
        {
            var table = lake.Table("t");
            await table.CreateIfNotExistsAsync(definition);
            await table.AppendAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day", null, new DeltaTransaction("old", null, 1));
            time.Shift = TimeSpan.FromDays(29);
            await table.AppendAsync(Connection, "SELECT 2 AS id, DATE '2024-01-01' AS day", null, new DeltaTransaction("young", null, 7));
            await table.CheckpointAsync();
            Assert.Equal(["old", "young"], (await table.SnapshotAsync()).Transactions.Keys.Order());

            time.Shift = TimeSpan.FromDays(31);
            await table.CheckpointAsync();
            Assert.Equal(["young"], (await table.SnapshotAsync()).Transactions.Keys);
        }

        var file = await OpenStore().GetLocalPathAsync(ObjectPath.Parse("t/_delta_log/00000000000000000002.checkpoint.parquet"));
        Assert.Equal(["young"], Connection.Texts($"SELECT txn.appId FROM read_parquet({Sql.Literal(file)}) WHERE txn IS NOT NULL"));
    }

    [SkippableFact]
    public async Task Read_ExpiredTransactions_AreGoneOnlyWhereTheTableSaysSo()
    {
        var expiring = ByDay with
        {
            Configuration = new Dictionary<string, string?> { ["delta.setTransactionRetentionDuration"] = "interval 30 days" },
        };
        using (var lake = Lakes.Open(OpenStore()))
        {
            foreach (var (path, definition) in new[] { ("expiring", expiring), ("keeping", ByDay) })
            {
                await lake.Table(path).CreateIfNotExistsAsync(definition);
                await lake.Table(path).AppendAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day", null, new DeltaTransaction("app", null, 1));
            }
        }

        using var later = Lakes.Open(OpenStore(), new ShiftedTime(TimeSpan.FromDays(31)));
        Assert.Empty((await later.Table("expiring").SnapshotAsync()).Transactions);
        Assert.Equal(1, (await later.Table("keeping").SnapshotAsync()).Transactions["app"]);
    }
}
