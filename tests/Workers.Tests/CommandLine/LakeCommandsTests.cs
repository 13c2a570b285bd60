using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Testing;
using Pipeline.Workers.CommandLine;

namespace Pipeline.Workers.Tests;

public sealed class LakeCommandsTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tables_SomeAndNone_AreListed()
    {
        Assert.Contains("No tables in", (await RunAsync("lake", "tables")).Output, StringComparison.Ordinal);
        await WriteAsync("shop/orders", 3);
        await WriteAsync("shop/users", 2);
        var (code, output, _) = await RunAsync("lake", "tables", "--json");
        Assert.Equal(ExitCode.Ok, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal([("shop/orders", 1, 3), ("shop/users", 1, 2)], json.RootElement.EnumerateArray()
            .Select(t => (t.GetProperty("Path").GetString()!, t.GetProperty("Version").GetInt32(), t.GetProperty("Rows").GetInt32())));
        Assert.Contains("shop/orders", (await RunAsync("lake", "tables")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("shop/users", (await RunAsync("lake", "tables", "shop/orders")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_NewestAndOldVersion_TellsColumnsAndRows()
    {
        await WriteAsync("orders", 3);
        var (_, newest, _) = await RunAsync("lake", "show", "orders");
        Assert.Contains("3 rows in 1 files", newest, StringComparison.Ordinal);
        Assert.Matches(@"name\s+string\s+yes", newest);
        var (_, old, _) = await RunAsync("lake", "show", "orders", "--version", "0", "--json");
        Assert.Equal(0, JsonDocument.Parse(old).RootElement.GetProperty("Table").GetProperty("Files").GetInt32());
    }

    [Fact]
    public async Task History_OfATable_NewestFirst()
    {
        await WriteAsync("orders", 3);
        var (_, output, _) = await RunAsync("lake", "history", "orders", "--json");
        Assert.Equal([1, 0], JsonDocument.Parse(output).RootElement.EnumerateArray().Select(v => v.GetProperty("Version").GetInt32()));
        Assert.Contains("WRITE", (await RunAsync("lake", "history", "orders", "--limit", "1")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vacuum_NothingToDelete_SaysSo()
    {
        await WriteAsync("orders", 3);
        Assert.Contains("Would delete 0 files", (await RunAsync("lake", "vacuum", "orders", "--dry-run")).Output, StringComparison.Ordinal);
        var (code, _, error) = await RunAsync("lake", "vacuum", "orders", "--retain", "1s");
        Assert.Equal(ExitCode.Failed, code);
        Assert.NotEqual("", error);
        Assert.Equal(ExitCode.Ok, (await RunAsync("lake", "vacuum", "orders", "--retain", "1s", "--force")).Code);
    }

    [Fact]
    public async Task Sql_OverTables_PrintsRows()
    {
        await WriteAsync("shop/orders", 3);
        var (code, output, error) = await RunAsync("lake", "sql", "SELECT count(*) AS n, max(name) AS last FROM lake('shop/orders')", "--json");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Equal("""[{"n":3,"last":"row 2"}]""", output.Trim());
        Assert.Matches(@"row 1\s", (await RunAsync("lake", "sql", "SELECT name FROM shop.orders ORDER BY id")).Output);
        Assert.DoesNotContain("row 1", (await RunAsync("lake", "sql", "SELECT name FROM lake('shop/orders') ORDER BY id", "--limit", "1")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT * FROM lake('no/such')", "no/such")]
    [InlineData("SELEC 1", "Syntax error")]
    [InlineData("SELECT nothing FROM range(3)", "nothing")]
    [InlineData("COPY (SELECT 1) TO 'x.csv'", "Only SELECT")]
    public async Task Sql_Wrong_IsASentence(string sql, string expected)
    {
        await WriteAsync("shop/orders", 1);
        var (code, output, error) = await RunAsync("lake", "sql", sql);
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("show")]
    [InlineData("history")]
    [InlineData("vacuum")]
    public async Task NoSuchTable_Any_IsASentence(string command)
    {
        var (code, output, error) = await RunAsync("lake", command, "nothing");
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.Contains("'nothing'", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task NoSuchLake_Any_SaysWhereItLooked()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(ExitCode.Failed, await WorkersCommandLine.InvokeAsync(["lake", "tables", "--lake", "/no/such/lake"], null, output, error));
        Assert.StartsWith("There is no lake at /no/such/lake", error.ToString(), StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await WorkersCommandLine.InvokeAsync([.. args, "--lake", _folder.FullPath], null, output, error);
        return (code, output.ToString(), error.ToString());
    }

    private async Task WriteAsync(string path, int rows)
    {
        using var catalog = new LakeCatalog(ObjectStores.Open(_folder.FullPath, TimeProvider.System), new LakeOptions(), TimeProvider.System, NullLogger<LakeCatalog>.Instance);
        var table = catalog.Table(path);
        await table.CreateIfNotExistsAsync(new DeltaTableDefinition { Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long), new DeltaField("name", DeltaType.String)) });
        using var engine = DuckDatabase.Open();
        using var connection = engine.Connect();
        var files = await table.WriteFilesAsync(connection, $"SELECT i AS id, 'row ' || i AS name FROM range({rows}) AS t(i)");
        await table.AppendAsync(new DeltaAppend { Files = files.Files });
    }
}
