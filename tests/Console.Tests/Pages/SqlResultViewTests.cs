using AngleSharp.Dom;
using Pipeline.Console.Pages.Sql;
using Pipeline.Query.Contracts;

namespace Pipeline.Console.Tests.Pages;

public sealed class SqlResultViewTests : IDisposable
{
    private readonly ComponentHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Rows_AreATableWithNumbersToTheRightAndNullsToldFromTexts()
    {
        var view = await RenderAsync(new SqlResult(
            [new SqlColumn("n", "BIGINT", SqlColumnKind.Number), new SqlColumn("t", "VARCHAR", SqlColumnKind.Text)], [["1", "<b>"], ["2", null]], TimeSpan.FromMilliseconds(12), true, null));
        Assert.Equal(["num", "clip", "num", "clip"], view.QuerySelectorAll("td").Select(e => e.GetAttribute("class")));
        Assert.Equal(["1", "<b>", "2", "null"], view.QuerySelectorAll("td").Select(e => e.TextContent));
        Assert.Single(view.QuerySelectorAll("td .muted"));
        Assert.Contains("2 rows in 12 ms; there are more", view.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoRows_SaysSoAndOffersNoChart()
    {
        var view = await RenderAsync(new SqlResult([new SqlColumn("n", "BIGINT", SqlColumnKind.Number)], [], TimeSpan.Zero, false, null));
        Assert.Contains("No rows", view.TextContent, StringComparison.Ordinal);
        Assert.Empty(view.QuerySelectorAll("[data-chart-as]"));
    }

    [Fact]
    public async Task Failure_TellsThePlaceAndTheHint()
    {
        var view = await RenderAsync(new SqlResult([], [], TimeSpan.Zero, false, new SqlError(SqlErrorKind.Invalid, "There is no table x.", 2, 6, "Did you mean y?")));
        Assert.Contains("Line 2, column 6: There is no table x. Did you mean y?", view.QuerySelector("[role=alert]")!.TextContent, StringComparison.Ordinal);
    }

    private Task<IElement> RenderAsync(SqlResult result) => _host.RenderAsync<SqlResultView>(("Result", result));
}
