namespace Pipeline.Workflows.Tests.Kinds;

public sealed class CheckKindTests : IDisposable
{
    private readonly KindHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Check_WithoutRows_PassesAndWritesNothing()
    {
        var result = await _host.RunAsync("check", """{"query":"SELECT 1 WHERE false"}""");
        Assert.Null(result.Output);
        Assert.Empty(_host.LakeFiles());
    }

    [Fact]
    public async Task Check_WithRows_FailsAndShowsTheFirst()
    {
        await _host.RunAsync("sql", """{"query":"SELECT range AS id, CASE WHEN range > 0 THEN 'name ' || range END AS name FROM range(30) ORDER BY 1"}""", task: "movies");
        var error = await _host.FailAsync<TerminalException>("check", """{"query":"SELECT * FROM movies ORDER BY id","message":"Movies without an id.","rows":2}""");
        Assert.Equal(
            """
            Movies without an id. More than 2 rows, the first:
            id | name
            ---+-------
            0  | null
            1  | name 1
            """,
            error.Message,
            ignoreLineEndingDifferences: true);
        Assert.StartsWith("Check task found rows. One row:", (await _host.FailAsync<TerminalException>("check", """{"query":"SELECT 1 AS one"}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_WithColumnsOfOneNameAndWithoutType_ShowsThem()
    {
        var error = await _host.FailAsync<TerminalException>("check", """{"query":"SELECT 1 AS a, 2 AS a, NULL AS n"}""");
        Assert.Matches("1 +\\| 2 +\\| null", error.Message);
    }

    /// <summary>A thread other than the one that fetches the rows fails.</summary>
    [Fact]
    public async Task Check_ThatFailsLate_TellsWhy()
    {
        var error = await _host.FailAsync<TerminalException>(
            "check", """{"query":"SELECT CAST(CASE WHEN range < 4999999 THEN '7' ELSE 'seven' END AS INT) AS n FROM range(5000000) WHERE n <> 7"}""");
        Assert.Contains("Could not convert string 'seven' to INT32", error.Message, StringComparison.Ordinal);
    }
}
