using System.Text;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

/// <summary>Logs as other writers leave them, written by hand from the protocol.</summary>
public sealed class FixtureTests : IDisposable
{
    private const string Schema =
        """{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"""
        + """{\"name\":\"day\",\"type\":\"date\",\"nullable\":true,\"metadata\":{}}]}""";

    private const string MetaData =
        """{"metaData":{"id":"5fba94ed-9794-4965-ba6e-6ee3c0d22af9","format":{"provider":"parquet","options":{}},"schemaString":" """
        + Schema
        + """ ","partitionColumns":["day"],"configuration":{},"createdTime":1587968585495,"unknown":{"a":1}}}""";

    private const string Protocol = """{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}""";

    private readonly TempFolder _folder = new();
    private readonly FolderObjectStore _store;
    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
    private readonly DuckConnection _connection;

    public FixtureTests()
    {
        _store = new FolderObjectStore(_folder.Path);
        _connection = _database.Connect();
    }

    private string Table => Path.Combine(_folder.Path, "t");

    [Fact]
    public async Task Read_UnknownActionsFieldsAndLineEnds_ArePassedOver()
    {
        await CommitAsync(0, "\uFEFF" + Protocol + "\r\n" + MetaData + "\r\n\r\n"
            + """{"commitInfo":"any JSON at all"}""" + "\r\n"
            + """{"futureAction":{"x":[1,2,{"y":null}]}}""" + "\n"
            + """{"cdc":{"path":"_change_data/x.parquet","partitionValues":{},"size":1,"dataChange":false}}""" + "\n"
            + """{"domainMetadata":{"domain":"d","configuration":"","removed":false}}""" + "\n"
            + Add("a.parquet", "2024-01-01", 7, """
              ,"stats":"{\"numRecords\":1,\"futureStat\":{}}","newField":{"deep":[]},"tags":{"INSERTION_TIME":"1"},"baseRowId":3,"clusteringProvider":null
              """));
        var snapshot = await OpenAsync();
        Assert.Equal(1, snapshot.RowCount);
        Assert.Equal("1", snapshot.Files[0].Tags!["INSERTION_TIME"]);
        Assert.Equal(["""{"id":7,"day":"2024-01-01"}"""], await snapshot.RowsAsync(_connection));
    }

    [Theory]
    [InlineData("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":[]}}""", "deletionVectors")]
    [InlineData("""{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz","futureOne"],"writerFeatures":[]}}""", "futureOne")]
    [InlineData("""{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}""", "column mapping")]
    [InlineData("""{"protocol":{"minReaderVersion":9,"minWriterVersion":9}}""", "reader version 9")]
    public async Task Read_TableThatNeedsAnotherReader_IsRefusedByName(string protocol, string named)
    {
        await CommitAsync(0, protocol + "\n" + MetaData);
        Assert.Contains(named, (await Assert.ThrowsAsync<TerminalException>(OpenAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_ProtocolRaisedByALaterCommit_IsRefusedFromThereOn()
    {
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n" + Add("a.parquet", "2024-01-01", 1));
        using var lake = Lakes.Open(_store);
        Assert.Equal(0, (await lake.Table("t").SnapshotAsync()).Version);
        await CommitAsync(1, """{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["v2Checkpoint"],"writerFeatures":[]}}""");
        await Assert.ThrowsAsync<TerminalException>(async () => await lake.Table("t").SnapshotAsync());
        Assert.Equal(0, (await lake.Table("t").SnapshotAsync(0)).Version);
    }

    [Theory]
    [InlineData("""{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["rowTracking","domainMetadata"]}}""", "rowTracking")]
    [InlineData("""{"protocol":{"minReaderVersion":1,"minWriterVersion":4}}""", "writer version 4")]
    public async Task Write_TableThatNeedsAnotherWriter_IsReadButRefusedByName(string protocol, string named)
    {
        await CommitAsync(0, protocol + "\n" + MetaData + "\n" + Add("a.parquet", "2024-01-01", 1));
        using var lake = Lakes.Open(_store);
        Assert.Single(await (await lake.Table("t").SnapshotAsync()).RowsAsync(_connection));
        var error = await Assert.ThrowsAsync<TerminalException>(
            async () => await lake.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("a", null, 1)] }));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_ColumnWithInvariant_IsRefused()
    {
        var withInvariant = MetaData.Replace(
            """\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}""",
            """\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{\"delta.invariants\":\"{}\"}""",
            StringComparison.Ordinal);
        await CommitAsync(0, Protocol + "\n" + withInvariant);
        using var lake = Lakes.Open(_store);
        var error = await Assert.ThrowsAsync<TerminalException>(
            async () => await lake.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("a", null, 1)] }));
        Assert.Contains("invariant", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_FileWithDeletionVector_IsRefused()
    {
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n"
            + Add("a.parquet", "2024-01-01", 1, ""","deletionVector":{"storageType":"u","pathOrInlineDv":"x","offset":1,"sizeInBytes":40,"cardinality":2}"""));
        Assert.Contains("deletion vector", (await Assert.ThrowsAsync<TerminalException>(OpenAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_EncodedAndAbsolutePaths_FindsTheFiles()
    {
        Write("day=2024-01-01/a b%c.parquet", 1);
        Write("é[1]*.parquet", 2);
        Write("abs 3.parquet", 3);
        Write("abs 4.parquet", 4);
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n"
            + AddAction("day=2024-01-01/a%20b%25c.parquet", "2024-01-01") + "\n"
            + AddAction("%C3%A9%5B1%5D*.parquet", "2024-01-01") + "\n"
            + AddAction($"file://{Table}/abs%203.parquet", "2024-01-02") + "\n"
            + AddAction($"{Table}/abs%204.parquet", "2024-01-03"));
        var snapshot = await OpenAsync();
        Assert.Null(snapshot.RowCount);
        Assert.Equal(
            ["""{"id":1,"day":"2024-01-01"}""", """{"id":2,"day":"2024-01-01"}""", """{"id":3,"day":"2024-01-02"}""", """{"id":4,"day":"2024-01-03"}"""],
            await snapshot.RowsAsync(_connection));
    }

    [Fact]
    public async Task Read_PathOutsideTheLake_IsRefusedWhenRead()
    {
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n" + AddAction("file:///etc/passwd", "2024-01-01"));
        var snapshot = await OpenAsync();
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await snapshot.ToSqlAsync());
        Assert.Contains("outside the lake", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_PathThatClimbsOut_IsRefusedWhenRead()
    {
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n" + AddAction("..%2F..%2Fetc/passwd", "2024-01-01"));
        var snapshot = await OpenAsync();
        await Assert.ThrowsAsync<TerminalException>(async () => await snapshot.ToSqlAsync());
    }

    [Fact]
    public async Task Read_PartitionValueUnlikeItsFolder_IsThatOfTheLog()
    {
        Write("day=1999-09-09/a.parquet", 1);
        Write("b.parquet", 2);
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n" + AddAction("day=1999-09-09/a.parquet", "2024-05-05") + "\n" + AddAction("b.parquet", null));
        Assert.Equal(["""{"id":1,"day":"2024-05-05"}""", """{"id":2,"day":null}"""], await (await OpenAsync()).RowsAsync(_connection));
    }

    [Fact]
    public async Task Read_RemovedAndAddedAgain_IsThereOnce()
    {
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n" + Add("a.parquet", "2024-01-01", 1) + "\n" + Add("b.parquet", "2024-01-01", 2));
        await CommitAsync(1, """{"remove":{"path":"a.parquet","deletionTimestamp":1,"dataChange":true}}""");
        await CommitAsync(2, Add("a.parquet", "2024-01-02", 1));
        await CommitAsync(3, """{"remove":{"path":"b.parquet","dataChange":true}}""");
        Assert.Equal(["""{"id":1,"day":"2024-01-02"}"""], await (await OpenAsync()).RowsAsync(_connection));
    }

    [Theory]
    [InlineData(1, "checkpoint.parquet")]
    [InlineData(3, "parts")]
    public async Task Read_CheckpointOfAnotherWriter_StandsInForTheCommits(int parts, string layout)
    {
        for (var i = 0; i < 5; i++)
            Write($"{layout}{i}.parquet", i);
        // More and other columns than this implementation writes, and the statistics as a struct only.
        for (var part = 1; part <= parts; part++)
        {
            var name = parts == 1 ? "00000000000000000004.checkpoint.parquet" : $"00000000000000000004.checkpoint.{part:D10}.{parts:D10}.parquet";
            var rows = string.Join(" UNION ALL ", Enumerable.Range(0, 5).Where(i => i % parts == part - 1).Select(i =>
                $"SELECT NULL AS metaData, NULL AS protocol, {{path: '{layout}{i}.parquet', partitionValues: MAP {{'day': '2024-01-0{i + 1}'}}, "
                + "size: 9::BIGINT, modificationTime: 1::BIGINT, dataChange: false, stats: NULL::VARCHAR, "
                + $"stats_parsed: {{numRecords: 1::BIGINT, minValues: {{id: {i}::BIGINT}}, maxValues: {{id: {i}::BIGINT}}, nullCount: {{id: 0::BIGINT}}}}, "
                + "partitionValues_parsed: {day: DATE '2024-01-01'}} AS add, NULL AS future"));
            var head = part == 1
                ? "SELECT {id: 'x', name: NULL::VARCHAR, format: {provider: 'parquet', options: MAP {}::MAP(VARCHAR, VARCHAR)}, "
                    + $"schemaString: '{Schema.Replace("\\\"", "\"", StringComparison.Ordinal)}', partitionColumns: ['day'], "
                    + "configuration: MAP {'k': 'v'}, createdTime: 5::BIGINT} AS metaData, "
                    + "{minReaderVersion: 1, minWriterVersion: 2} AS protocol, NULL AS add, NULL AS future UNION ALL BY NAME "
                : "";
            Directory.CreateDirectory(Path.Combine(Table, "_delta_log"));
            _connection.Execute($"COPY ({head}{rows}) TO {Sql.Literal(Path.Combine(Table, "_delta_log", name))} (FORMAT parquet)");
        }

        await CommitAsync(5, Add($"{layout}x.parquet", "2024-02-01", 9));
        var snapshot = await OpenAsync();
        Assert.Equal(5, snapshot.Version);
        Assert.Equal("v", snapshot.Configuration["k"]);
        Assert.Equal(6, (await snapshot.RowsAsync(_connection)).Count);
        Assert.Equal(1, new FileFilter().EqualTo("id", 3).Select(snapshot).Count(f => f.Path.EndsWith("3.parquet", StringComparison.Ordinal)));
        Assert.Equal(5, snapshot.Files.Count(f => f.NumRecords == 1));
    }

    [Fact]
    public async Task Read_MultiPartCheckpointThatLacksAPart_FallsBackToTheCommits()
    {
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n" + Add("a.parquet", "2024-01-01", 1));
        await CommitAsync(1, Add("b.parquet", "2024-01-01", 2));
        await File.WriteAllTextAsync(Path.Combine(Table, "_delta_log", "00000000000000000001.checkpoint.0000000001.0000000002.parquet"), "half");
        await File.WriteAllTextAsync(Path.Combine(Table, "_delta_log", "_last_checkpoint"), """{"version":1,"size":4,"parts":2}""");
        Assert.Equal(2, (await (await OpenAsync()).RowsAsync(_connection)).Count);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"version":77,"size":1}""")]
    [InlineData("")]
    public async Task Read_BrokenLastCheckpoint_IsNoHindrance(string content)
    {
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n" + Add("a.parquet", "2024-01-01", 1));
        await File.WriteAllTextAsync(Path.Combine(Table, "_delta_log", "_last_checkpoint"), content);
        Assert.Single(await (await OpenAsync()).RowsAsync(_connection));
    }

    [Fact]
    public async Task Read_GapInTheLog_IsRefusedWithTheVersion()
    {
        await CommitAsync(0, Protocol + "\n" + MetaData);
        await CommitAsync(2, Add("a.parquet", "2024-01-01", 1));
        Assert.Contains("commit 1", (await Assert.ThrowsAsync<TerminalException>(OpenAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_OnlyAV2Checkpoint_IsRefusedAndSaysSo()
    {
        Directory.CreateDirectory(Path.Combine(Table, "_delta_log"));
        await File.WriteAllTextAsync(Path.Combine(Table, "_delta_log", "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"), "{}");
        Assert.Contains("V2", (await Assert.ThrowsAsync<TerminalException>(OpenAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"add\":{}}", "line 3")]
    [InlineData("{\"add\":", "line 3")]
    [InlineData("null", "line 3")]
    public async Task Read_BrokenCommit_IsRefusedWithItsPlace(string line, string place)
    {
        await CommitAsync(0, Protocol + "\n" + MetaData + "\n" + line);
        var error = await Assert.ThrowsAsync<TerminalException>(OpenAsync);
        Assert.Contains(place, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("00000000000000000000.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_NoTable_SaysSo()
    {
        using var lake = Lakes.Open(_store);
        Assert.False(await lake.Table("none").ExistsAsync());
        Assert.Null(await lake.Table("none").TrySnapshotAsync());
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await lake.Table("none").SnapshotAsync());
        Assert.Contains("'none'", error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
        _folder.Dispose();
    }

    private static string AddAction(string path, string? day, string more = "")
    {
        var value = day is null ? "null" : $"\"{day}\"";
        return $$$"""{"add":{"path":"{{{path}}}","partitionValues":{"day":{{{value}}}},"size":1,"modificationTime":5,"dataChange":true{{{more.Trim()}}}}}""";
    }

    private string Add(string path, string day, long id, string more = "")
    {
        Write(path, id);
        return AddAction(path, day, more);
    }

    private void Write(string path, long id)
    {
        var file = Path.Combine(Table, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        _connection.Execute($"COPY (SELECT {id}::BIGINT AS id) TO {Sql.Literal(file)} (FORMAT parquet)");
    }

    private async Task CommitAsync(long version, string content) =>
        await _store.PutAsync(ObjectPath.Parse($"t/_delta_log/{version:D20}.json"), Encoding.UTF8.GetBytes(content));

    private async Task<DeltaSnapshot> OpenAsync()
    {
        using var lake = Lakes.Open(_store);
        return await lake.Table("t").SnapshotAsync();
    }
}
