using System.IO.Compression;
using System.Text;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class ExtractFileTests : IDisposable
{
    private readonly KindHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Csv_TypesOfLateRows_AreSeen()
    {
        _host.Write("a.csv", "id,n,day,at,zip,flag\n" + Rows(30_000, i => $"{i},{(i == 29_999 ? "1.5" : "1")},2024-01-02,2024-01-02T03:04:05,0{i % 10},true\n"));
        var result = await ExtractAsync("""{"path":"a.csv"}""");
        Assert.Equal("id BIGINT, n DOUBLE, day DATE, at TIMESTAMP, zip VARCHAR, flag BOOLEAN", _host.Columns(result));
        Assert.Equal(30_000, result.RowsWritten);
        Assert.Equal(["workflows/shop/task/run=1/task/try=1/part-00000.parquet"], result.Output!.Paths);
        Assert.True(result.BytesWritten > 0);
    }

    [Fact]
    public async Task Csv_AmbiguousDates_StayText()
    {
        _host.Write("a.csv", "d\n01/02/2024\n13/02/2024\n");
        Assert.Equal("d VARCHAR", _host.Columns(await ExtractAsync("""{"path":"a.csv"}""")));
    }

    [Fact]
    public async Task Csv_QuotedJsonWithLineBreaks_IsReadAsDeclared()
    {
        _host.Write("m.csv", "id,title,cast\n1,\"A, \"\"B\"\"\",\"[{\"\"name\"\": \"\"x\\ny\"\"}]\"\n2,,\n");
        var result = await ExtractAsync("""{"path":"m.csv"}""", """ "columns":{"id":"INTEGER","cast":"JSON"}, """);
        Assert.Equal("id INTEGER, title VARCHAR, cast JSON", _host.Columns(result).Replace("\"", "", StringComparison.Ordinal));
        Assert.Equal(["""{"id":1,"title":"A, \"B\"","cast":[{"name":"x\ny"}]}""", """{"id":2,"title":null,"cast":null}"""], await _host.RowsAsync(result));
    }

    [Fact]
    public async Task Csv_OtherDialect_IsReadAsTold()
    {
        File.WriteAllBytes(_host.Write("l.csv", ""), Encoding.Latin1.GetBytes("1;Jürgen;N/A\n2;'a;b';x\n"));
        var result = await ExtractAsync(
            """{"path":"l.csv","csv":{"delimiter":";","quote":"'","header":false,"null":"N/A","encoding":"latin-1"}}""", """ "columns":{"id":"BIGINT","name":"VARCHAR","c":"VARCHAR"}, """);
        Assert.Equal(["""{"id":1,"name":"Jürgen","c":null}""", """{"id":2,"name":"a;b","c":"x"}"""], await _host.RowsAsync(result));
    }

    [Fact]
    public async Task Csv_FilesOfAGlob_AreOneInTheOrderOfTheirNamesByColumn()
    {
        _host.Write("in/a.csv", "a,b\n1,x\n");
        _host.Write("in/b.csv", "b,a\ny,2.5\n");
        _host.Write("in/deep/c.csv", "a,b\n9,z\n");
        _host.Write("in/d.txt", "no");
        Assert.Equal(["""{"a":1.0,"b":"x"}""", """{"a":2.5,"b":"y"}"""], await _host.RowsAsync(await ExtractAsync("""{"path":"in/*.csv"}""")));
        Assert.Equal(3, (await ExtractAsync("""{"path":"in/**/*.csv"}""")).RowsWritten);
        Assert.Equal(1, (await ExtractAsync("""{"path":"in/[b-c].csv"}""")).RowsWritten);
    }

    [Theory]
    [InlineData("id,n\n1,a\n2,b,c\n", "a.csv, line 3: Expected Number of Columns: 2 Found: 3 The line is: 2,b,c")]
    [InlineData("id,n\n1,a\n2\n", "a.csv, line 3: Expected Number of Columns: 2 Found: 1 The line is: 2")]
    [InlineData("id,n\n1,\"a\n", "a.csv, line 2:")]
    [InlineData("", "a.csv is empty")]
    public async Task Csv_Ragged_IsATerminalErrorThatNamesFileAndLine(string content, string message)
    {
        _host.Write("a.csv", content);
        Assert.StartsWith(message, (await FailAsync("""{"path":"a.csv"}""")).Message, StringComparison.Ordinal);
        Assert.Empty(_host.LakeFiles());
    }

    [Fact]
    public async Task Csv_RaggedFarDownInTheSecondFile_NamesThatFileAndLine()
    {
        _host.Write("in/a.csv", "id,n\n" + Rows(10_000, i => $"{i},x\n"));
        _host.Write("in/b.csv", "id,n\n" + Rows(10_000, i => i == 8_000 ? "8000,x,y\n" : $"{i},x\n"));
        Assert.StartsWith("in/b.csv, line 8002:", (await FailAsync("""{"path":"in/*.csv"}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Csv_ValueThatIsNotOfItsDeclaredType_IsToldWithItsLine()
    {
        _host.Write("a.csv", "id,n\n" + Rows(5_000, i => $"{i},{(i == 3_000 ? "x" : "1")}\n"));
        var error = await FailAsync("""{"path":"a.csv"}""", """ "columns":{"n":"INTEGER"}, """);
        Assert.StartsWith("a.csv, line 3002: Error when converting column \"n\". Could not convert string \"x\" to 'INTEGER'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Csv_WithoutAnyLine_IsATerminalErrorInBoundedMemory()
    {
        using (var file = File.Create(_host.Write("zeros.csv", "")))
            file.SetLength(200 << 20);
        var before = GC.GetTotalAllocatedBytes();
        await FailAsync("""{"path":"zeros.csv"}""");
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
    }

    [Theory]
    [InlineData("""{"path":"none.csv"}""", "none.csv: there is no such file in ")]
    [InlineData("""{"path":"none/*.csv"}""", "none/*.csv: no file matches in ")]
    [InlineData("""{"path":"/nowhere/x.csv"}""", "/nowhere/x.csv: there is no such file.")]
    [InlineData("""{"path":"."}""", ". is a folder")]
    [InlineData("""{"path":"a.weird"}""", "a.weird: the extension tells no format")]
    [InlineData("""{"path":"a.csv"}""", "a.csv: there is no column nope; there are id.", """ "columns":{"nope":"INTEGER"}, """)]
    public async Task File_ThatIsNotWhatIsAskedFor_IsATerminalError(string source, string message, string more = "")
    {
        _host.Write("a.weird", "x");
        _host.Write("a.csv", "id\n1\n");
        Assert.StartsWith(message, (await FailAsync(source, more)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_ArrayObjectAndRecords_AreRows()
    {
        _host.Write("a.json", """[{"id":1,"x":{"y":[1,2]}}, {"id":2.5,"late":"2024-01-01"}]""");
        Assert.Equal(
            ["""{"id":1.0,"x":{"y":[1,2]},"late":null}""", """{"id":2.5,"x":null,"late":"2024-01-01"}"""], await _host.RowsAsync(await ExtractAsync("""{"path":"a.json"}""")));
        _host.Write("b.json", """{"a":{"b":[{"id":1},{"id":2}]},"id":7}""");
        Assert.Equal(["""{"a":{"b":[{"id":1},{"id":2}]},"id":7}"""], await _host.RowsAsync(await ExtractAsync("""{"path":"b.json"}""")));
        Assert.Equal(["""{"id":1}""", """{"id":2}"""], await _host.RowsAsync(await ExtractAsync("""{"path":"b.json","records":"$.a.b"}""")));
    }

    [Fact]
    public async Task Json_DeclaredColumns_HoldAlsoWhereNoRecordHasThem()
    {
        _host.Write("a.ndjson", "{\"id\":1}\n{\"id\":2}\n");
        var result = await ExtractAsync("""{"path":"a.ndjson"}""", """ "columns":{"id":"VARCHAR","more":"DATE"}, """);
        Assert.Equal("id VARCHAR, more DATE", _host.Columns(result));
    }

    [Theory]
    [InlineData("a.ndjson", "\n")]
    [InlineData("a.json", ",\n")]
    public async Task Json_ThatBreaksInRow3000_IsATerminalErrorThatNamesIt(string file, string separator)
    {
        var rows = Enumerable.Range(1, 5_000).Select(i => i == 3_000 ? "{\"id\": 3, \"a\": {" : $"{{\"id\":{i},\"a\":{{}}}}");
        var text = string.Join(separator, rows);
        _host.Write(file, file == "a.json" ? $"[{text}]" : text);
        var error = await FailAsync($$"""{"path":"{{file}}"}""");
        Assert.StartsWith($"{file}: malformed JSON in line 300", error.Message, StringComparison.Ordinal);
        Assert.Contains("record 3000:", error.Message, StringComparison.Ordinal);
        Assert.Empty(_host.LakeFiles());
    }

    [Fact]
    public async Task NdjsonWithCommas_OldFiles_AreRows()
    {
        _host.Write("old.json", "{\"a\":1},\n{\n \"a\": 2,\n \"b\": \"x,\\n\"\n},\n\n{\"a\":3},\n");
        Assert.Equal(
            ["""{"a":1,"b":null}""", """{"a":2,"b":"x,\n"}""", """{"a":3,"b":null}"""], await _host.RowsAsync(await ExtractAsync("""{"path":"old.json","format":"ndjson_commas"}""")));
    }

    [Fact]
    public async Task Json_WithoutRecords_GivesOneFileWithTheDeclaredColumns()
    {
        _host.Write("a.json", "[]");
        var result = await ExtractAsync("""{"path":"a.json"}""", """ "columns":{"id":"BIGINT"}, """);
        Assert.Equal("id BIGINT", _host.Columns(result));
        Assert.Single(result.Output!.Paths);
        Assert.Equal(0, result.RowsWritten);
        await ExtractAsync("""{"path":"a.json"}""");
        Assert.Contains(_host.Log.Lines, l => l.StartsWith("! a.json holds no records", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Csv_WithoutRows_GivesOneFileWithTheColumns()
    {
        _host.Write("a.csv", "id,name\n");
        var result = await ExtractAsync("""{"path":"a.csv"}""", """ "rows_per_file":500, """);
        Assert.Equal("id VARCHAR, name VARCHAR", _host.Columns(result).Replace("\"", "", StringComparison.Ordinal));
        Assert.Single(result.Output!.Paths);
    }

    [Fact]
    public async Task Parquet_OutputOfAnotherTask_IsReadAndCast()
    {
        _host.Write("a.csv", "id,n\n1,2\n");
        var first = await ExtractAsync("""{"path":"a.csv"}""");
        var file = Path.Combine(_host.LakeFolder, first.Output!.Paths[0]);
        var result = await ExtractAsync($$"""{"path":"{{file}}"}""", """ "columns":{"n":"VARCHAR"}, """);
        Assert.Equal(["""{"id":1,"n":"2"}"""], await _host.RowsAsync(result));
    }

    [Fact]
    public async Task Gzip_CsvAndJson_AreUnpacked()
    {
        Pack("a.csv.gz", "id\n1\n2\n");
        Pack("b.ndjson.gz", "{\"id\":1}\n");
        Pack("c.json.gz", "[{\"id\":1},{\"id\":2},{\"id\":3}]");
        Assert.Equal(2, (await ExtractAsync("""{"path":"a.csv.gz"}""")).RowsWritten);
        Assert.Equal(1, (await ExtractAsync("""{"path":"b.ndjson.gz"}""")).RowsWritten);
        Assert.Equal(3, (await ExtractAsync("""{"path":"c.json.gz"}""")).RowsWritten);

        void Pack(string name, string content)
        {
            using var gzip = new GZipStream(File.Create(_host.Write(name, "")), CompressionMode.Compress);
            gzip.Write(Encoding.UTF8.GetBytes(content));
        }
    }

    [Theory]
    [InlineData(4_803, 500, 10)]
    [InlineData(1_000, 500, 2)]
    [InlineData(1, 500, 1)]
    public async Task RowsPerFile_CutsParts_ThatTogetherAreAllRowsOnce(int rows, int perFile, int files)
    {
        _host.Write("a.csv", "id\n" + Rows(rows, i => $"{i}\n"));
        var result = await ExtractAsync("""{"path":"a.csv"}""", $""" "rows_per_file":{perFile}, "to":"bronze/a", """, task: "movies");
        Assert.Equal(files, result.Output!.Paths.Count);
        Assert.Equal("bronze/a/run=1/movies/try=1/part-00000.parquet", result.Output.Paths[0]);
        Assert.Equal(rows, (await _host.RowsAsync(result)).Distinct().Count());
        Assert.Equal([Math.Min(rows, perFile)], _host.Query($"SELECT count(*) AS n FROM read_parquet('{_host.LakeFolder}/{result.Output.Paths[0]}')").Select(r => int.Parse(r[5..^1])));
        Assert.Equal(files, _host.LakeFiles().Count);
    }

    [Fact]
    public async Task Select_OverTheSource_MakesTheRows()
    {
        _host.Write("a.csv", "id\n1\n2\n3\n");
        _host.Parameters["least"] = "2";
        var result = await ExtractAsync(
            """{"path":"a.csv"}""", """ "select":"SELECT id * 10 AS id, $workflow AS w, $logical_date AS at, $run_id AS run FROM source WHERE id >= $least -- end", """);
        Assert.Equal(
            ["""{"id":20,"w":"shop","at":"2024-03-01 06:00:00+00","run":1}""", """{"id":30,"w":"shop","at":"2024-03-01 06:00:00+00","run":1}"""], await _host.RowsAsync(result));
    }

    [Fact]
    public async Task Tries_OfOneTask_NeverWriteToOnePlace()
    {
        _host.Write("a.csv", "id\n1\n");
        var first = await ExtractAsync("""{"path":"a.csv"}""");
        var second = await ExtractAsync("""{"path":"a.csv"}""", attempt: 2);
        Assert.NotEqual(first.Output!.Paths, second.Output!.Paths);
    }

    [Fact]
    public async Task Cancelled_InTheMiddle_LeavesNothing()
    {
        _host.Write("a.csv", "id\n" + Rows(200_000, i => $"{i}\n"));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.RunAsync("extract", """{"source":{"file":{"path":"a.csv"}}}""", cancellationToken: cancelled.Token));
        Assert.Empty(_host.LakeFiles());
    }

    [Fact]
    public void Check_OfSettings_FindsWhatTheSchemaDoesNot()
    {
        Assert.Empty(_host.Check("extract", """{"source":{"file":{"path":"a.csv"}}}"""));
        Assert.Equal("source.file.records", Assert.Single(_host.Check("extract", """{"source":{"file":{"path":"a.json","records":"$..x"}}}""")).Field);
        Assert.Equal("source", Assert.Single(_host.Check("extract", """{"source":{}}""")).Field);
    }

    private Task<TaskResult> ExtractAsync(string source, string more = "", string task = "task", int attempt = 1) =>
        _host.RunAsync("extract", $$$"""{{{{more}}}"source":{"file":{{{source}}}}}""", task, attempt: attempt);

    private Task<TerminalException> FailAsync(string source, string more = "") => FailAsync<TerminalException>(source, more);

    private async Task<T> FailAsync<T>(string source, string more)
        where T : Exception => (T)await Assert.ThrowsAnyAsync<T>(() => ExtractAsync(source, more));

    private static string Rows(int count, Func<int, string> row) => string.Concat(Enumerable.Range(0, count).Select(row));
}
