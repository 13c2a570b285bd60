using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class SqlKindTests : IDisposable
{
    private readonly KindHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Append_DoneTwiceByOneTask_IsThereOnce()
    {
        const string Settings = """{"query":"SELECT 1 AS id, 'a' AS name","table":"silver/t","mode":"append"}""";
        var first = await _host.RunAsync("sql", Settings);
        var second = await _host.RunAsync("sql", Settings, attempt: 2);
        Assert.Equal(["""{"id":1,"name":"a"}"""], await _host.TableAsync("silver/t"));
        Assert.Equal(1, first.RowsWritten);
        Assert.Equal(first.Output!.Version, second.Output!.Version);
        Assert.Contains(_host.Log.Lines, l => l.StartsWith("An earlier try of this task committed its rows to table silver/t", StringComparison.Ordinal));

        await _host.RunAsync("sql", Settings, run: 2);
        Assert.Equal(2, (await _host.TableAsync("silver/t")).Count);
    }

    [Fact]
    public async Task Overwrite_SecondTryAfterALaterRun_DoesNotGoBack()
    {
        await _host.RunAsync("sql", """{"query":"SELECT 1 AS id","table":"t"}""", run: 1);
        await _host.RunAsync("sql", """{"query":"SELECT 2 AS id","table":"t"}""", run: 2);
        var late = await _host.RunAsync("sql", """{"query":"SELECT 1 AS id","table":"t"}""", run: 1, attempt: 2);
        Assert.Equal(["""{"id":2}"""], await _host.TableAsync("t"));
        Assert.Equal(0, late.RowsWritten);
    }

    [Fact]
    public async Task Merge_ByKeys_ReplacesAndAddsAndIsTheSameTwice()
    {
        const string Settings = """{"query":"SELECT * FROM (VALUES (1, 'new'), (3, 'c')) v(id, name)","table":"t","mode":"merge","keys":["id"]}""";
        await _host.RunAsync("sql", """{"query":"SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(id, name)","table":"t","mode":"merge","keys":["id"]}""", run: 1);
        for (var attempt = 1; attempt < 3; attempt++)
        {
            await _host.RunAsync("sql", Settings, run: 2, attempt: attempt);
            Assert.Equal(["""{"id":1,"name":"new"}""", """{"id":2,"name":"b"}""", """{"id":3,"name":"c"}"""], await _host.TableAsync("t"));
        }
    }

    [Fact]
    public async Task Table_ThatIsNew_IsPartitionedAndForgetsEffectsInTime()
    {
        await _host.RunAsync("sql", """{"query":"SELECT 1 AS id, 2024 AS year UNION ALL SELECT 2, 2025","table":"t","partition_by":["year"]}""");
        var snapshot = await _host.Lake.Table("t").SnapshotAsync();
        Assert.Equal(["year"], snapshot.PartitionColumns);
        Assert.Equal("interval 30 days", snapshot.Configuration["delta.setTransactionRetentionDuration"]);
        Assert.Equal(1, snapshot.Transactions["workflows/shop/task/1@20240301T060000"]);
    }

    [Fact]
    public async Task Table_NewColumns_AreAdded()
    {
        await _host.RunAsync("sql", """{"query":"SELECT 1 AS id","table":"t","mode":"append"}""", run: 1);
        await _host.RunAsync("sql", """{"query":"SELECT 2 AS id, 'x' AS more","table":"t","mode":"append"}""", run: 2);
        Assert.Equal(["""{"id":1,"more":null}""", """{"id":2,"more":"x"}"""], await _host.TableAsync("t"));
    }

    [Fact]
    public async Task Table_TypesThatDeltaLacks_AreFitted()
    {
        await _host.RunAsync(
            "sql", """{"query":"SELECT sum(1::BIGINT) AS s, TIMESTAMP '2024-01-01 00:00:00' AS t, uuid() AS u, TIME '10:00' AS c","table":"t"}""");
        Assert.Equal("s long, t timestamp, u string, c string", (await _host.Lake.Table("t").SnapshotAsync()).Schema.ToString());
    }

    [Fact]
    public async Task Query_ThatFailsOverItsRows_LeavesNoTable()
    {
        var error = await _host.FailAsync<TerminalException>("sql", """{"query":"SELECT CAST('x' || range AS INTEGER) AS id FROM range(5)","table":"t"}""");
        Assert.StartsWith("query of task task, line 1: Conversion Error: Could not convert string 'x0' to INT32", error.Message, StringComparison.Ordinal);
        Assert.False(await _host.Lake.Table("t").ExistsAsync());
        Assert.Empty(_host.LakeFiles());
    }

    [Fact]
    public async Task File_OfTheDefinition_IsRunAndItsErrorsNameFileAndLine()
    {
        _host.Files["silver/a.sql"] = """
            -- A comment; with a semicolon
            CREATE TEMP MACRO twice(x) AS x * 2;
            CREATE TEMP TABLE numbers AS SELECT range AS n FROM range(3);

            SELECT twice(n) AS n
            FROM numbers -- done
            """;
        Assert.Equal(["""{"n":0}""", """{"n":2}""", """{"n":4}"""], await _host.RowsAsync(await _host.RunAsync("sql", """{"file":"silver/a.sql"}""")));

        _host.Files["b.sql"] = "SELECT 1;\n\nSELECT nope\nFROM (SELECT 1 AS a)";
        Assert.StartsWith(
            "b.sql, line 3: Binder Error: Referenced column \"nope\" not found", (await _host.FailAsync<TerminalException>("sql", """{"file":"b.sql"}""")).Message, StringComparison.Ordinal);
        _host.Files["c.sql"] = "SELECT 1;\nSELEKT 2;\nSELECT 3";
        Assert.StartsWith("c.sql, line 2: Parser Error", (await _host.FailAsync<TerminalException>("sql", """{"file":"c.sql"}""")).Message, StringComparison.Ordinal);
        _host.Files["d.sql"] = "SELECT 1;\n\nSELECT a::INTEGER\nFROM (VALUES ('1'),\n('x')) v(a)";
        Assert.StartsWith("d.sql, line 3: Conversion Error", (await _host.FailAsync<TerminalException>("sql", """{"file":"d.sql","table":"x"}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lake_InSql_IsTheTableAndNotWhatLooksLikeIt()
    {
        await _host.RunAsync("sql", """{"query":"SELECT 1 AS id","table":"silver/t"}""", run: 1);
        _host.Parameters["table"] = "silver/t";
        var result = await _host.RunAsync(
            "sql", """{"query":"SELECT a.id, 'lake(''silver/t'')' AS text /* lake('none') */ FROM lake('silver/t') a JOIN lake($table) b USING (id) -- lake('none')"}""", run: 2);
        Assert.Equal(["""{"id":1,"text":"lake('silver/t')"}"""], await _host.RowsAsync(result));
        Assert.Equal("There is no Delta table 'none' in " + _host.LakeFolder + ".", (await _host.FailAsync<TerminalException>("sql", """{"query":"SELECT * FROM lake('none')"}""")).Message);
        Assert.Contains("line 1: lake() takes one path", (await _host.FailAsync<TerminalException>("sql", """{"query":"SELECT * FROM lake(1)"}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overwrite_OfATableByItself_IsRead()
    {
        await _host.RunAsync("sql", """{"query":"SELECT 1 AS id","table":"t"}""", run: 1);
        await _host.RunAsync("sql", """{"query":"SELECT id + 1 AS id FROM lake('t')","table":"t"}""", run: 2);
        Assert.Equal(["""{"id":2}"""], await _host.TableAsync("t"));
    }

    [Fact]
    public async Task Inputs_OfEarlierTasks_AreRelationsAtTheVersionTheyLeft()
    {
        await _host.RunAsync("sql", """{"query":"SELECT 1 AS id"}""", task: "files");
        await _host.RunAsync("sql", """{"query":"SELECT 2 AS id","table":"t"}""", task: "first");
        await _host.RunAsync("sql", """{"query":"SELECT 3 AS id","table":"t"}""", task: "second");
        var result = await _host.RunAsync("sql", """{"query":"SELECT 'f' AS x, id FROM files UNION ALL SELECT 'a', id FROM \"first\" UNION ALL SELECT 'b', id FROM SECOND"}""", task: "third");
        Assert.Equal(["""{"x":"a","id":2}""", """{"x":"b","id":3}""", """{"x":"f","id":1}"""], await _host.RowsAsync(result));
    }

    [Fact]
    public async Task Parameters_AreValuesWhateverTheyHold()
    {
        _host.Parameters["city"] = "O'Hare; DROP TABLE x -- \n$run_id";
        _host.Parameters["n"] = "5";
        var result = await _host.RunAsync("sql", """{"query":"SELECT $city AS c, 6 > $n AS more, $run_id AS r, $workflow AS w"}""", run: 7);
        Assert.Equal(["""{"c":"O'Hare; DROP TABLE x -- \n$run_id","more":true,"r":7,"w":"shop"}"""], await _host.RowsAsync(result));
        Assert.StartsWith(
            "query of task task, line 2: there is no parameter $nope. There are $city, $n, $run_id,",
            (await _host.FailAsync<TerminalException>("sql", """{"query":"SELECT\n$nope"}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_OfANamedFormat_AreReplacedWhole()
    {
        const string Csv = """{"query":"SELECT * FROM (VALUES (1, 'a;b'), (2, NULL)) v(id, name) ORDER BY id","files":{"to":"gold/airports","name":"Airports.csv","format":"csv","delimiter":";"}}""";
        var result = await _host.RunAsync("sql", Csv);
        await _host.RunAsync("sql", Csv, attempt: 2);
        Assert.Equal("id;name\n1;\"a;b\"\n2;\n", await File.ReadAllTextAsync(Path.Combine(_host.LakeFolder, "gold/airports/Airports.csv")));
        Assert.Equal(OutputKind.Objects, result.Output!.Kind);
        await _host.RunAsync("sql", """{"query":"SELECT 1 AS id","files":{"to":"gold","format":"json"}}""", task: "j");
        Assert.Equal("""[{"id":1}]""", string.Concat((await File.ReadAllTextAsync(Path.Combine(_host.LakeFolder, "gold/j.json"))).Where(c => !char.IsWhiteSpace(c))));
        var parquet = await _host.RunAsync("sql", """{"query":"SELECT 1 AS id","files":{"to":"gold"}}""", task: "p");
        Assert.Equal(["gold/p.parquet"], parquet.Output!.Paths);
        Assert.Equal(["""{"id":1}"""], await _host.RowsAsync(parquet));
        Assert.Equal(["gold/airports/Airports.csv", "gold/j.json", "gold/p.parquet"], _host.LakeFiles());
    }

    [Fact]
    public async Task Engine_OutOfMemory_IsTransientAndSaysWhatToSet()
    {
        using var host = new KindHost(o => o.EngineMemoryBytes = 64 << 20);
        var error = await host.FailAsync<TransientException>("sql", """{"query":"SELECT list(range || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx') AS l FROM range(5000000)"}""");
        Assert.Contains("Workflows:EngineMemoryBytes = 67108864", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancellation_OfALongQuery_EndsIt()
    {
        using var cancelled = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _host.RunAsync("sql", """{"query":"SELECT count(*) AS n FROM range(1000000) a, range(1000000) b"}""", cancellationToken: cancelled.Token));
        Assert.Empty(_host.LakeFiles());
    }

    [Theory]
    [InlineData("""{"query":"SELECT 1","file":"a.sql"}""", "file")]
    [InlineData("""{}""", "")]
    [InlineData("""{"file":"none.sql"}""", "file")]
    [InlineData("""{"query":"-- nothing"}""", "query")]
    [InlineData("""{"query":"SELECT $nope"}""", "query")]
    [InlineData("""{"query":"SELECT * FROM later"}""", "query")]
    [InlineData("""{"query":"SELECT 1","mode":"append"}""", "mode")]
    [InlineData("""{"query":"SELECT 1","table":"t","mode":"merge"}""", "keys")]
    [InlineData("""{"query":"SELECT 1","files":{"to":"x","format":"csv","delimiter":"||"}}""", "files.delimiter")]
    public void Check_OfSettings_FindsWhatTheSchemaDoesNot(string settings, string field)
    {
        _host.Files["a.sql"] = "SELECT 1";
        var later = KindHost.Task("sql", "{}", "later");
        var definition = KindHost.Task("sql", settings, "task");
        var workflow = new Domain.WorkflowDefinition { Name = "shop", Version = "", Tasks = [definition, later], Files = _host.Files };
        Assert.Equal(field == "file" && settings.Contains("query", StringComparison.Ordinal) ? "query" : field, Assert.Single(_host.Kind("sql").Check(workflow, definition)).Field);
    }

    [Fact]
    public void Check_OfGoodSettings_FindsNothing()
    {
        _host.Files["a.sql"] = "WITH later AS (SELECT 1) SELECT * FROM later JOIN earlier ON $run_id = 1";
        Assert.Empty(_host.Check("sql", """{"file":"a.sql","table":"t","mode":"merge","keys":["a"]}""", KindHost.Task("sql", "{}", "earlier")));
        Assert.Empty(_host.Check("sql", """{"query":"SELECT '${param:x}'"}"""));
    }
}
