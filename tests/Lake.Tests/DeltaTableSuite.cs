using System.Text;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

/// <summary>What a Delta table does on any object store.</summary>
public abstract partial class DeltaTableSuite : IDisposable
{
    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });

    protected DeltaTableSuite() => Connection = _database.Connect();

    protected DuckConnection Connection { get; }

    protected static DeltaSchema Schema { get; } = new(
        new DeltaField("id", DeltaType.Long),
        new DeltaField("name", DeltaType.String),
        new DeltaField("day", DeltaType.Date));

    protected static DeltaTableDefinition ByDay { get; } = new() { Schema = Schema, PartitionColumns = ["day"] };

    /// <summary>The store; each call gives another view of the same content, as another process would have it.</summary>
    internal abstract IObjectStore OpenStore();

    /// <summary>Where other processes find the same content.</summary>
    private protected abstract string ConnectionString { get; }

    [SkippableFact]
    public async Task Append_TwoPartitions_ReadsBackTypedRows()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("raw/orders");
        await table.CreateIfNotExistsAsync(ByDay);

        var result = await table.AppendAsync(Connection, "SELECT i AS id, 'n' || i AS name, DATE '2024-01-01' + (i % 2)::INT AS day FROM range(4) r(i)");

        Assert.True(result.Committed);
        Assert.Equal(1, result.Version);
        Assert.Equal(2, result.Snapshot.FileCount);
        Assert.Equal(4, result.Snapshot.RowCount);
        Assert.Equal(
            [
                """{"id":0,"name":"n0","day":"2024-01-01"}""",
                """{"id":1,"name":"n1","day":"2024-01-02"}""",
                """{"id":2,"name":"n2","day":"2024-01-01"}""",
                """{"id":3,"name":"n3","day":"2024-01-02"}""",
            ],
            await result.Snapshot.RowsAsync(Connection));
    }

    [SkippableFact]
    public async Task Append_ExpectedPositionIsHeld_CommitsTheNext()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("raw/orders");
        await table.CreateIfNotExistsAsync(ByDay);

        var first = await table.AppendAsync(new DeltaAppend { Transactions = [new("sink/0", null, 10)] });
        var second = await table.AppendAsync(new DeltaAppend { Transactions = [new("sink/0", 10, 20)] });
        var late = await table.AppendAsync(new DeltaAppend { Transactions = [new("sink/0", 10, 30), new("sink/1", null, 1)] });

        Assert.True(first.Committed);
        Assert.True(second.Committed);
        Assert.False(late.Committed);
        Assert.Equal([new FencedTransaction("sink/0", 10, 20)], late.Fenced);
        Assert.Equal(2, (await table.SnapshotAsync()).Version);
        Assert.Equal(20, late.Snapshot.Transactions["sink/0"]);
        Assert.False(late.Snapshot.Transactions.ContainsKey("sink/1"));
    }

    [SkippableFact]
    public async Task Checkpoint_EveryTenCommits_IsReadByAnotherProcess()
    {
        using (var lake = Lakes.Open(OpenStore()))
        {
            var table = lake.Table("t");
            await table.CreateIfNotExistsAsync(ByDay);
            for (var i = 1; i <= 23; i++)
                await table.AppendAsync(
                    Connection, $"SELECT {i} AS id, 'x' AS name, DATE '2024-01-01' + {i % 3} AS day",
                    null, new DeltaTransaction("a", i == 1 ? null : i - 1, i));
        }

        using var other = Lakes.Open(OpenStore());
        var store = OpenStore();
        Assert.NotNull(await store.HeadAsync(ObjectPath.Parse("t/_delta_log/00000000000000000010.checkpoint.parquet")));
        Assert.NotNull(await store.HeadAsync(ObjectPath.Parse("t/_delta_log/00000000000000000020.checkpoint.parquet")));
        Assert.Contains("\"version\":20",
            Encoding.UTF8.GetString((await store.TryReadAllAsync(ObjectPath.Parse("t/_delta_log/_last_checkpoint")))!),
            StringComparison.Ordinal);
        await store.DeleteAsync([.. Enumerable.Range(0, 15).Select(v => ObjectPath.Parse($"t/_delta_log/{v:D20}.json"))]);

        var snapshot = await other.Table("t").SnapshotAsync();
        Assert.Equal(23, snapshot.Version);
        Assert.Equal(23, snapshot.RowCount);
        Assert.Equal(23, snapshot.Transactions["a"]);
        Assert.Equal(23, (await snapshot.RowsAsync(Connection)).Count);
        Assert.Equal(10, (await (await other.Table("t").SnapshotAsync(10)).RowsAsync(Connection)).Count);
        Assert.Equal(21, (await (await other.Table("t").SnapshotAsync(21)).RowsAsync(Connection)).Count);
        await Assert.ThrowsAsync<TerminalException>(async () => await other.Table("t").SnapshotAsync(7));
    }

    [SkippableFact]
    public async Task Append_AddedColumns_AreNullInOldFiles()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        await table.AppendAsync(Connection, "SELECT 1::BIGINT AS id, 'a' AS name, DATE '2024-01-01' AS day");

        var result = await table.AppendAsync(
            Connection,
            "SELECT 2::BIGINT AS id, DATE '2024-01-01' AS day, 1.50::DECIMAL(9,2) AS price, [{'p': 1}] AS items",
            new DeltaWriteOptions { AddColumns = true });

        Assert.Equal(["id", "name", "day", "price", "items"], result.Snapshot.Schema.Fields.Select(f => f.Name));
        Assert.Equal(
            [
                """{"id":1,"name":"a","day":"2024-01-01","price":null,"items":null}""",
                """{"id":2,"name":null,"day":"2024-01-01","price":1.5,"items":[{"p":1}]}""",
            ],
            await result.Snapshot.RowsAsync(Connection));
    }

    [SkippableFact]
    public async Task Append_EightWritersOfTwentyCommits_AllAreThere()
    {
        using (var setup = Lakes.Open(OpenStore()))
            await setup.Table("t").CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = Schema });

        // Each has a catalog of its own, so they meet only in the store, as processes do.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            using var database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
            using var connection = database.Connect();
            using var lake = Lakes.Open(OpenStore());
            for (var i = 0; i < 20; i++)
                await lake.Table("t").AppendAsync(connection, $"SELECT {(writer * 100) + i} AS id, 'w{writer}' AS name, DATE '2024-01-01' AS day");
        })));

        using var reader = Lakes.Open(OpenStore());
        var snapshot = await reader.Table("t").SnapshotAsync();
        Assert.Equal(160, snapshot.Version);
        Assert.Equal(160, snapshot.RowCount);
        Assert.Equal(160, (await snapshot.RowsAsync(Connection)).Distinct().Count());
    }

    [SkippableFact]
    public async Task Append_ThreeProcesses_AllCommitsAreThere()
    {
        using var lake = Lakes.Open(OpenStore());
        var definition = new DeltaTableDefinition { Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long), new DeltaField("name", DeltaType.String)) };
        await lake.Table("t").CreateIfNotExistsAsync(definition);
        await Worker.RunAsync("append", ConnectionString, 3, 8);
        var snapshot = await lake.Table("t").SnapshotAsync();
        Assert.Equal((24, 24), (snapshot.Version, snapshot.RowCount));
        Assert.Equal(24, (await snapshot.RowsAsync(Connection)).Distinct().Count());
        Assert.Equal([7, 7, 7], snapshot.Transactions.Values);
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        Connection.Dispose();
        _database.Dispose();
    }
}
