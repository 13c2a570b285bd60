namespace Pipeline.Lake.Tests;

public abstract partial class DeltaTableSuite
{
    [SkippableFact]
    public async Task Append_AtOnceBothWithTheSamePosition_OneIsFenced()
    {
        using var a = Lakes.Open(OpenStore());
        using var b = Lakes.Open(OpenStore());
        await a.Table("t").CreateIfNotExistsAsync(ByDay);
        var before = await Task.WhenAll(new[] { a, b }.Select(l => l.Table("t").SnapshotAsync().AsTask()));
        Assert.Equal([0, 0], before.Select(f => f.Version));

        var results = await Task.WhenAll(new[] { a, b }.Select(
            l => l.Table("t").AppendAsync(new DeltaAppend { Transactions = [new("sink", null, 100)] }).AsTask()));

        Assert.Single(results, r => r.Committed);
        Assert.Equal([new FencedTransaction("sink", null, 100)], Assert.Single(results, r => !r.Committed).Fenced);
    }

    [SkippableFact]
    public async Task Append_FileThatIsThereAlready_IsRefused()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        var written = await table.WriteFilesAsync(Connection, "SELECT 1::BIGINT AS id, DATE '2024-01-01' AS day");
        await table.AppendAsync(new DeltaAppend { Files = written.Files });
        await Assert.ThrowsAsync<TerminalException>(async () => await table.AppendAsync(new DeltaAppend { Files = written.Files }));
        await Assert.ThrowsAsync<TerminalException>(async () => await table.DiscardFilesAsync(written.Files));
        Assert.Equal(1, (await table.SnapshotAsync()).RowCount);
    }

    [SkippableTheory]
    [InlineData("SELECT 1.5::DOUBLE AS id", "id")]
    [InlineData("SELECT 1 AS id, 2 AS unknown", "unknown")]
    [InlineData("SELECT TIMESTAMP '2024-01-01' AS id", "TIMESTAMPTZ")]
    [InlineData("SELECT DATE '2024-01-01' AS day", "other than partition columns")]
    public async Task Write_ColumnThatDoesNotFit_IsRefusedByName(string query, string named)
    {
        using var lake = Lakes.Open(OpenStore());
        await lake.Table("t").CreateIfNotExistsAsync(ByDay);
        var error = await Assert.ThrowsAsync<TerminalException>(async () => await lake.Table("t").WriteFilesAsync(Connection, query));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Write_NullInAColumnThatTakesNone_IsRefused()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long, Nullable: false)) });
        await Assert.ThrowsAsync<TerminalException>(async () => await table.WriteFilesAsync(Connection, "SELECT NULL::BIGINT AS id"));
        await Assert.ThrowsAsync<TerminalException>(
            async () => await table.WriteFilesAsync(Connection, "SELECT NULL::BIGINT AS other", new DeltaWriteOptions { AddColumns = true }));
        Assert.Equal(1, (await table.WriteFilesAsync(Connection, "SELECT 1 AS id")).Rows);
    }

    [SkippableTheory]
    [InlineData("SELECT i AS id, DATE '2024-03-01' AS day FROM range(1000) r(i)", 1)]
    [InlineData("SELECT i AS id, NULL::DATE AS day FROM range(1000) r(i)", 1)]
    [InlineData("SELECT i AS id, DATE '2024-03-01' + (i // 999)::INT AS day FROM range(1000) r(i)", 2)]
    [InlineData("SELECT i AS id, CASE WHEN i > 0 THEN DATE '2024-03-01' END AS day FROM range(1000) r(i)", 2)]
    [InlineData("SELECT i AS id, CASE WHEN i < 999 THEN DATE '2024-03-01' END AS day FROM range(1000) r(i)", 2)]
    [InlineData("SELECT i AS id, DATE '2024-03-01' AS day FROM range(0) r(i)", 0)]
    public async Task Write_ExpectingOnePartition_WritesWhatIsThere(string query, int files)
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        var written = await table.WriteFilesAsync(Connection, query, new DeltaWriteOptions { ExpectOnePartition = true });
        Assert.Equal(files, written.Files.Count);
        Assert.Equal(files == 0 ? 0 : 1000, written.Rows);
        if (files == 0)
            return;
        var result = await table.AppendAsync(new DeltaAppend { Files = written.Files });
        Assert.Equal(
            Connection.Texts($"SELECT to_json(r)::VARCHAR FROM (SELECT id, NULL AS name, day FROM ({query})) r ORDER BY 1"),
            await result.Snapshot.RowsAsync(Connection));
    }

    [SkippableTheory]
    [InlineData("SELECT i AS id, DATE '2024-03-01' AS day FROM range(1000) r(i)", 1)]
    [InlineData("SELECT i AS id, DATE '2024-03-01' + (i // 999)::INT AS day FROM range(1000) r(i)", 2)]
    [InlineData("SELECT i AS id, DATE '2024-03-02' AS day FROM range(1000) r(i)", 1)]
    [InlineData("SELECT i AS id, DATE '2024-03-01' AS day FROM range(0) r(i)", 0)]
    public async Task Write_PartitionThatIsGiven_IsCheckedAndWritten(string query, int files)
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        var options = new DeltaWriteOptions { Partition = new Dictionary<string, string?> { ["day"] = "2024-03-01" } };
        var written = await table.WriteFilesAsync(Connection, query, options);
        Assert.Equal(files, written.Files.Count);
        if (files == 0)
            return;
        var result = await table.AppendAsync(new DeltaAppend { Files = written.Files });
        Assert.Equal(
            Connection.Texts($"SELECT to_json(r)::VARCHAR FROM (SELECT id, NULL AS name, day FROM ({query})) r ORDER BY 1"),
            await result.Snapshot.RowsAsync(Connection));
    }

    [SkippableTheory]
    [InlineData(null, 1)]
    [InlineData(20_480, 2)]
    public async Task Write_RowGroupRows_BoundTheRowGroups(int? rows, int groups)
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        const string query = "SELECT i AS id, DATE '2024-03-01' AS day FROM range(40960) r(i)";
        var written = await table.WriteFilesAsync(Connection, query, new DeltaWriteOptions { ExpectOnePartition = true, RowGroupRows = rows });
        var result = await table.AppendAsync(new DeltaAppend { Files = written.Files });
        Assert.Equal(40_960, result.Snapshot.RowCount);
        var file = await OpenStore().GetLocalPathAsync(ObjectPath.Parse("t").Combine(written.Files[0].Path));
        Assert.Equal(groups, Connection.QueryInt64($"SELECT count(DISTINCT row_group_id) FROM parquet_metadata({Pipeline.DuckDb.Sql.Literal(file)})"));
    }

    [SkippableFact]
    public async Task Write_PartitionThatIsGivenInPart_IsRefused()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay);
        var options = new DeltaWriteOptions { Partition = new Dictionary<string, string?>() };
        var refused = await Assert.ThrowsAsync<TerminalException>(async () => await table.WriteFilesAsync(Connection, "SELECT 1 AS id", options));
        Assert.Contains("'day'", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Write_AnyType_ReadsBackTheSameAndHasItsStatistics()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        const string Query = """
            SELECT 1::BIGINT AS l, 2::INT AS i, 3::SMALLINT AS s, 4::TINYINT AS b, 1.5::FLOAT AS f, 2.5::DOUBLE AS d,
                   12.34::DECIMAL(38,10) AS dec, true AS bool, '\xDE\xAD'::BLOB AS bin, DATE '2024-02-29' AS day,
                   TIMESTAMPTZ '1969-12-31 23:59:59.999999+00' AS ts, 'té''xt' AS str,
                   {'a': 1, 'b c': ['x', NULL]} AS st, [[1, 2], NULL] AS arr, MAP {'k': {'v': 1.0::DECIMAL(4,1)}} AS m
            UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            """;
        await table.CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = new DeltaSchema(new DeltaField("l", DeltaType.Long)) });
        var snapshot = (await table.AppendAsync(Connection, Query, new DeltaWriteOptions { AddColumns = true })).Snapshot;

        await snapshot.CreateViewAsync(Connection, "back");
        Assert.Equal(0, Connection.QueryInt64($"SELECT count(*) FROM (({Query}) EXCEPT SELECT * FROM back)"));
        Assert.Equal(
            Connection.Texts($"SELECT column_name || ' ' || column_type FROM (DESCRIBE {Query})"),
            Connection.Texts("SELECT column_name || ' ' || column_type FROM (DESCRIBE FROM back)"));
        Assert.Equal(
            """{"numRecords":2,"minValues":{"l":1,"i":2,"s":3,"b":4,"f":1.5,"d":2.5,"dec":12.3400000000"""
            + ""","day":"2024-02-29","ts":"1969-12-31T23:59:59.999Z","str":"té'xt"}"""
            + ""","maxValues":{"l":1,"i":2,"s":3,"b":4,"f":1.5,"d":2.5,"dec":12.3400000000,"day":"2024-02-29","ts":"1970-01-01T00:00:00.000Z","str":"té'xt"}"""
            + ""","nullCount":{"l":1,"i":1,"s":1,"b":1,"f":1,"d":1,"dec":1,"bool":1,"bin":1,"day":1,"ts":1,"str":1}}""",
            snapshot.Files[0].Stats);
    }

    [SkippableFact]
    public async Task Read_PartitionsOfAllTypes_AreTyped()
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(new DeltaTableDefinition
        {
            Schema = new DeltaSchema(
                new DeltaField("flag", DeltaType.Boolean), new DeltaField("v", DeltaType.Long), new DeltaField("at", DeltaType.Timestamp),
                new DeltaField("amount", DeltaType.Decimal(9, 2)), new DeltaField("file_index", DeltaType.Integer), new DeltaField("a b/c=", DeltaType.String)),
            PartitionColumns = ["at", "flag", "amount", "file_index", "A B/c="],
        });
        const string Query = """
            SELECT i % 2 = 0 AS flag, i AS v, TIMESTAMPTZ '2024-01-01 00:00:00.5+00' + INTERVAL (i) MINUTE AS at, (i * 1.25)::DECIMAL(9,2) AS amount,
                   CASE WHEN i % 5 > 0 THEN i::INT - 7 END AS file_index, ['/', '%', 'ü&?#', ' ', '"'][1 + i % 5] AS "a b/c="
            FROM range(60) r(i)
            """;
        var snapshot = (await table.AppendAsync(Connection, Query)).Snapshot;
        Assert.Equal(60, snapshot.FileCount);
        await snapshot.CreateViewAsync(Connection, "back");
        Assert.Equal(0, Connection.QueryInt64($"SELECT count(*) FROM (({Query}) EXCEPT SELECT * FROM back)"));
        Assert.Equal(60, Connection.QueryInt64("SELECT count(*) FROM back"));
        Assert.Equal(1, Connection.QueryInt64(
            "SELECT count(*) FROM back WHERE \"at\" = TIMESTAMPTZ '2024-01-01 00:08:00.5+00' AND amount = 10 AND file_index = 1"));
    }

    [SkippableFact]
    public async Task Read_NoFiles_GivesNoRowsOfTheRightTypes()
    {
        using var lake = Lakes.Open(OpenStore());
        var snapshot = await lake.Table("t").CreateIfNotExistsAsync(ByDay);
        await snapshot.CreateViewAsync(Connection, "empty");
        Assert.Equal(0, Connection.QueryInt64("SELECT count(*) FROM empty"));
        Assert.Equal(["id BIGINT", "name VARCHAR", "day DATE"], Connection.Texts("SELECT column_name || ' ' || column_type FROM (DESCRIBE FROM empty)"));
        Assert.Equal(0, snapshot.RowCount);
    }

    [SkippableFact]
    public async Task Create_ManyAtOnce_AllGetOneTable()
    {
        var snapshots = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            using var lake = Lakes.Open(OpenStore());
            return await lake.Table("t").CreateIfNotExistsAsync(ByDay with { Name = $"by {i}" });
        })));
        Assert.Single(snapshots.Select(s => s.Id).Distinct());
        Assert.All(snapshots, s => Assert.Equal(0, s.Version));
    }

    [SkippableFact]
    public async Task Create_WrongPartitionColumns_AreRefused()
    {
        using var lake = Lakes.Open(OpenStore());
        foreach (var columns in (string[][])[["nope"], ["day", "DAY"], ["id", "name", "day"]])
            await Assert.ThrowsAsync<TerminalException>(async () => await lake.Table("t").CreateIfNotExistsAsync(ByDay with { PartitionColumns = columns }));
        var floating = new DeltaTableDefinition
        {
            Schema = new DeltaSchema(new DeltaField("x", DeltaType.Double), new DeltaField("y", DeltaType.Long)),
            PartitionColumns = ["x"],
        };
        await Assert.ThrowsAsync<TerminalException>(async () => await lake.Table("t").CreateIfNotExistsAsync(floating));
        Assert.False(await lake.Table("t").ExistsAsync());
    }

    [SkippableFact]
    public async Task Append_TwoWritersAddDifferentColumns_BothStay()
    {
        using var a = Lakes.Open(OpenStore());
        using var b = Lakes.Open(OpenStore());
        await a.Table("t").CreateIfNotExistsAsync(ByDay);
        await b.Table("t").SnapshotAsync();
        var options = new DeltaWriteOptions { AddColumns = true };
        var first = await a.Table("t").WriteFilesAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day, 'x' AS one", options);
        var second = await b.Table("t").WriteFilesAsync(Connection, "SELECT 2 AS id, DATE '2024-01-01' AS day, 'y' AS two", options);
        await a.Table("t").AppendAsync(new DeltaAppend { Files = first.Files, Schema = first.Schema });
        var result = await b.Table("t").AppendAsync(new DeltaAppend { Files = second.Files, Schema = second.Schema });
        Assert.Equal(["id", "name", "day", "one", "two"], result.Snapshot.Schema.Fields.Select(f => f.Name));
        Assert.Equal(["""{"id":1,"one":"x","two":null}""", """{"id":2,"one":null,"two":"y"}"""], await result.Snapshot.RowsAsync(Connection, "id, one, two"));
    }

    [SkippableFact]
    public async Task Append_ColumnThatAnotherWriterAddedWithAnotherType_IsRefused()
    {
        using var a = Lakes.Open(OpenStore());
        using var b = Lakes.Open(OpenStore());
        await a.Table("t").CreateIfNotExistsAsync(ByDay);
        var options = new DeltaWriteOptions { AddColumns = true };
        var first = await a.Table("t").WriteFilesAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day, 'x' AS one", options);
        var second = await b.Table("t").WriteFilesAsync(Connection, "SELECT 2 AS id, DATE '2024-01-01' AS day, 5 AS one", options);
        await a.Table("t").AppendAsync(new DeltaAppend { Files = first.Files, Schema = first.Schema });
        await Assert.ThrowsAsync<TerminalException>(
            async () => await b.Table("t").AppendAsync(new DeltaAppend { Files = second.Files, Schema = second.Schema }));
        // Without naming its schema it would be a file that contradicts the table.
        await Assert.ThrowsAsync<TerminalException>(async () => await b.Table("t").AppendAsync(new DeltaAppend { Files = second.Files }));
    }

    [SkippableTheory]
    [InlineData("integer", "i::INT - 40")]
    [InlineData("date", "DATE '1969-12-01' + i::INT")]
    [InlineData("timestamp", "TIMESTAMPTZ '1969-12-31 23:00:00+00' + INTERVAL (i) MINUTE")]
    [InlineData("decimal(9,2)", "(i * 0.5 - 20)::DECIMAL(9,2)")]
    [InlineData("string", "[chr(65 + i::INT), 'é', '🙂', '\uFFFD'][1 + i % 4] || i")]
    public async Task Read_ManyPartitionValues_AreBoundedRightly(string type, string expression)
    {
        using var lake = Lakes.Open(OpenStore());
        var table = lake.Table("t");
        var schema = DeltaSchema.Parse(
            """{"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}},"""
            + """{"name":"p","type":"TYPE","nullable":true,"metadata":{}}]}""".Replace("TYPE", type, StringComparison.Ordinal));
        await table.CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = schema, PartitionColumns = ["p"] });
        var query = $"SELECT i AS id, CASE WHEN i <> 13 THEN {expression} END AS p FROM range(90) r(i)";
        var snapshot = (await table.AppendAsync(Connection, query)).Snapshot;
        Assert.Equal(90, snapshot.FileCount);
        await snapshot.CreateViewAsync(Connection, "back");
        Assert.Equal(0, Connection.QueryInt64($"SELECT count(*) FROM (({query}) EXCEPT SELECT * FROM back)"));
        Assert.Equal(90, Connection.QueryInt64($"SELECT count(*) FROM ({query}) q JOIN back b ON q.id = b.id AND q.p IS NOT DISTINCT FROM b.p"));
        Assert.Equal(89, Connection.QueryInt64($"SELECT sum((SELECT count(*) FROM back b WHERE b.p = q.p)) FROM ({query}) q"));
        Assert.Equal(13, Connection.QueryInt64("SELECT id FROM back WHERE p IS NULL"));
    }
}
