using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Pipeline.Testing;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Browser.Tests;

/// <summary>What people do in the console, in a real browser against the real program.</summary>
public sealed class ConsoleTests(BrowserHost host) : IClassFixture<BrowserHost>
{
    public static TheoryData<string> Pages =>
    [
        "/", "/console/events", "/console/events/tail", "/console/events/user?userId=ada", "/console/lake", "/console/lake/raw/purchased_items",
        "/console/lake/raw/purchased_items?view=Rows", "/console/lake/raw/purchased_items?view=Versions", "/console/lake/raw/purchased_items?view=Health",
        "/console/analytics", "/console/sql", "/console/notebooks", "/console/workflows", "/console/workflows/tmdb", "/console/dead-letters",
        "/console/dead-letters?view=Rejected", "/console/traces", "/console/logs",
    ];

    [SkippableTheory]
    [MemberData(nameof(Pages))]
    public async Task Page_WideAndNarrow_LoadsWithoutComplaintAndFits(string path)
    {
        RequireBrowser();
        await host.SendEventAsync("ada");
        await host.SendOrderAsync($"shown-{Guid.NewGuid():N}", "ada", "p-shown", 1);
        await LandedAsync();
        foreach (var (width, height, scheme) in new[] { (1280, 900, ColorScheme.Light), (390, 844, ColorScheme.Dark) })
        {
            await using var page = await host.OpenAsync(path, width, height, scheme);
            await page.LoadedAsync();
            await Expect(page.Page.Locator("main h1")).ToBeVisibleAsync();
            await Expect(page.Page.Locator("main .note.bad")).ToHaveCountAsync(0);

            // What is wide scrolls by itself; the page never does sideways.
            Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), $"{path} is wider than {width} pixels.");
            var name = string.Create(CultureInfo.InvariantCulture, $"{Regex.Replace(path, "[^A-Za-z0-9]+", "-").Trim('-')}-{width}.png");
            await page.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(BrowserHost.Screenshots, name) });
        }
    }

    [SkippableFact]
    public async Task Generator_StartedOnTheOverview_MakesTrafficThatShows()
    {
        RequireBrowser();
        await using var page = await host.OpenAsync("/");
        await page.Page.GetByLabel("events/s").FillAsync("40");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Set" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await Expect(page.Page.GetByText("40 events/s, 3.2 orders/s")).ToBeVisibleAsync();
        await Expect(page.Page.Locator("svg .edge.live").First).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Expect(page.Page.Locator("#traffic .badge")).ToHaveTextAsync("off");
        await page.Page.GotoAsync("/console/events/tail");
        await Expect(page.Page.Locator("#tail tbody tr")).Not.ToHaveCountAsync(0);
    }

    [SkippableFact]
    public async Task Events_FilteredByUser_ShowsTheUsersCounts()
    {
        RequireBrowser();
        var user = $"user-{Guid.NewGuid():N}";
        for (var i = 0; i < 3; i++)
            await host.SendEventAsync(user, "AddedBasket");
        await using var page = await host.OpenAsync("/console/events");
        await page.Page.Keyboard.PressAsync("/");
        await page.Page.Keyboard.TypeAsync(user);
        var row = page.Page.Locator("#counts tbody tr");
        await Expect(row).ToHaveCountAsync(1);
        await Expect(row.Locator("td.num")).ToHaveTextAsync("3");
        await row.Locator("a").ClickAsync();
        await Expect(page.Page.Locator("tbody tr")).ToHaveCountAsync(3);
    }

    [SkippableFact]
    public async Task Analytics_Chart_HasTheNumbersOfTheApi()
    {
        RequireBrowser();
        for (var i = 1; i <= 3; i++)
            await host.SendOrderAsync($"chart-{Guid.NewGuid():N}", "grace", $"p-chart-{i}", i * 1_000);
        await LandedAsync();
        await using var page = await host.OpenAsync("/console/analytics?limit=5");
        var canvas = page.Page.Locator("#top-products canvas");
        var answer = await host.GetAsync("/analytics/top-products?limit=5");
        await Eventually.TrueAsync(async () =>
        {
            var chart = JsonSerializer.Deserialize<JsonElement>((await canvas.GetAttributeAsync("data-chart"))!);
            answer = await host.GetAsync("/analytics/top-products?limit=5");
            return chart.GetProperty("labels").EnumerateArray().Select(l => l.GetString()).SequenceEqual(answer.EnumerateArray().Select(p => p.GetProperty("ProductId").GetString()))
                && chart.GetProperty("series")[0].GetProperty("values").EnumerateArray().Select(v => v.GetInt64()).SequenceEqual(answer.EnumerateArray().Select(p => p.GetProperty("Units").GetInt64()));
        });
        Assert.Equal(answer.GetArrayLength(), await page.Page.Locator("#top-products tbody tr").CountAsync());
        Assert.True(await canvas.EvaluateAsync<bool>("c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0)"), "Nothing is drawn.");
        await page.Page.Locator("#top-products button", new() { HasText = "SQL" }).ClickAsync();
        await Expect(page.Page.Locator("#text-top-products")).ToContainTextAsync("SELECT");
    }

    [SkippableFact]
    public async Task Sql_Run_ShowsRowsAndAChart()
    {
        RequireBrowser();
        await using var page = await host.OpenAsync("/console/sql");
        await TypeAsync(page, "SELECT 'n' || range AS name, range * 2 AS twice FROM range(3)");
        await page.Page.Keyboard.PressAsync("Control+Enter");
        await Expect(page.Page.Locator("[data-result] tbody tr")).ToHaveCountAsync(3);
        await Expect(page.Page.Locator("[data-result] tbody tr").Nth(2)).ToHaveTextAsync(new Regex("n2\\s*4"));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Bars" }).ClickAsync();
        var chart = JsonSerializer.Deserialize<JsonElement>((await page.Page.Locator("[data-result] canvas").GetAttributeAsync("data-chart"))!);
        Assert.Equal([0.0, 2, 4], chart.GetProperty("series")[0].GetProperty("values").EnumerateArray().Select(v => v.GetDouble()));
        var download = await page.Page.RunAndWaitForDownloadAsync(() => page.Page.GetByTitle("All rows as CSV").ClickAsync());
        Assert.Equal("name,twice\nn0,0\nn1,2\nn2,4\n", (await File.ReadAllTextAsync(await download.PathAsync())).ReplaceLineEndings("\n"));
    }

    [SkippableFact]
    public async Task Sql_Mistake_TellsWhereItIs()
    {
        RequireBrowser();
        await using var page = await host.OpenAsync("/console/sql");
        await TypeAsync(page, "SELECT *\nFROM nowhere");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await Expect(page.Page.Locator("[data-result] [role=alert]")).ToContainTextAsync("nowhere");
    }

    [SkippableFact]
    public async Task Sql_Cancelled_StopsInTheEngineToo()
    {
        RequireBrowser();
        await using var page = await host.OpenAsync("/console/sql");
        await TypeAsync(page, "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 11");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await Eventually.TrueAsync(async () => (await host.GetAsync("/sql/running")).GetArrayLength() == 1);
        await page.Page.Locator("[data-stop]").ClickAsync();
        await Expect(page.Page.Locator("[data-result]")).ToHaveTextAsync("Cancelled.");
        await Eventually.TrueAsync(async () => (await host.GetAsync("/sql/running")).GetArrayLength() == 0);
    }

    [SkippableFact]
    public async Task Workflow_RunByHand_TurnsItsGraphGreen()
    {
        RequireBrowser();
        await using var page = await host.OpenAsync("/console/workflows/tmdb");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Run…" }).ClickAsync();
        await page.Page.Locator("#run").GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await page.Page.WaitForURLAsync(new Regex("/console/runs/\\d+$"));
        var tasks = (await host.GetAsync("/workflows/tmdb")).GetProperty("Tasks").GetArrayLength();
        await Expect(page.Page.Locator("svg .task")).ToHaveCountAsync(tasks);
        await Expect(page.Page.Locator("svg .task.s-succeeded")).ToHaveCountAsync(tasks, new() { Timeout = 120_000 });
        await page.Page.Locator("svg a", new() { HasText = "movies" }).Last.ClickAsync();
        await Expect(page.Page.Locator("#left table tbody tr").First).ToBeVisibleAsync();
        await page.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(BrowserHost.Screenshots, "run.png"), FullPage = true });
    }

    [SkippableFact]
    public async Task DeadLetter_MendedAndReplayed_IsCounted()
    {
        RequireBrowser();
        var user = $"mended-{Guid.NewGuid():N}";
        await host.AppendAsync("UserEvents", user, $"{{\"UserId\":\"{user}\"}}");
        await using var page = await host.OpenAsync("/console/dead-letters");
        await page.Page.Locator("#letters tr", new() { HasText = user }).Locator("a").ClickAsync();
        await page.Page.GetByLabel("Payload").FillAsync(
            $$"""{"UserId":"{{user}}","SessionId":"s","EventName":"PageVisited","TimeStamp":"2026-01-31T10:15:30Z","Attributes":{"ProductId":"p","Price":1,"Discount":0} }""");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Replay" }).ClickAsync();
        await page.Page.Locator("#confirm").GetByRole(AriaRole.Button, new() { Name = "Replay" }).ClickAsync();
        await Expect(page.Page.Locator("#state .badge").First).ToHaveTextAsync("replayed");
        await Eventually.TrueAsync(async () => (await host.GetAsync($"/events/counts?userId={user}")).GetArrayLength() == 1);
    }

    [SkippableFact]
    public async Task Trace_OfAnOrder_IsFoundAndGoesThroughToTheRefresh()
    {
        RequireBrowser();
        var order = $"traced-{Guid.NewGuid():N}";
        await host.SendOrderAsync(order, "traced", "p-traced", 1);
        await using var page = await host.OpenAsync($"/console/traces?orderId={order}");
        await page.Page.Locator("#traces a").First.ClickAsync();
        var spans = page.Page.Locator("#waterfall .lanes .name");
        foreach (var span in (string[])["POST /PurchasedItems", "log flush", "purchases land", "delta commit", "refresh"])
            await Expect(spans.Filter(new() { HasText = span }).First).ToBeVisibleAsync(new() { Timeout = 90_000 });
        await page.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(BrowserHost.Screenshots, "trace.png") });
        await spans.Filter(new() { HasText = "delta commit" }).Locator("a").ClickAsync();
        await Expect(page.Page.Locator("#waterfall dl.facts")).ToContainTextAsync("Pipeline.Lake");
    }

    [SkippableFact]
    public async Task Notebook_OfItsOwn_IsEditedSavedAndDeleted()
    {
        RequireBrowser();
        var name = $"test {Guid.NewGuid():N}"[..20];
        await using var page = await host.OpenAsync("/console/notebooks");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "New…" }).ClickAsync();
        await page.Page.Keyboard.TypeAsync(name);
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Page.Locator("h1", new() { HasText = name }).First).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Add SQL" }).ClickAsync();
        await page.Page.Keyboard.TypeAsync("SELECT 42 AS answer");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await Expect(page.Page.Locator("[data-result] td")).ToHaveTextAsync("42");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.Page.GetByText("Saved.")).ToBeVisibleAsync();
        await page.Page.ReloadAsync();
        await Expect(page.Page.Locator("[data-sql]")).ToHaveValueAsync("SELECT 42 AS answer");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.Page.Locator("#confirm").GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.Page.WaitForURLAsync(new Regex("/console/notebooks$"));
        await Expect(page.Page.GetByText(name)).ToHaveCountAsync(0);
    }

    [SkippableFact]
    public async Task Keys_GoToPagesAndChangeTheTheme()
    {
        RequireBrowser();
        await using var page = await host.OpenAsync("/");
        await page.Page.Keyboard.PressAsync("g");
        await page.Page.Keyboard.PressAsync("w");
        await page.Page.WaitForURLAsync(new Regex("/console/workflows$"));
        await page.Page.Keyboard.PressAsync("t");
        await Expect(page.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.Page.ReloadAsync();
        await Expect(page.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.Page.Keyboard.PressAsync("?");
        await Expect(page.Page.Locator("#keys")).ToBeVisibleAsync();
    }

    private static async Task TypeAsync(ConsolePage page, string sql)
    {
        await page.Page.Locator(".cm-content").ClickAsync();
        await page.Page.Keyboard.PressAsync("Control+A");
        await page.Page.Keyboard.InsertTextAsync(sql);
    }

    private async Task LandedAsync() => await Eventually.TrueAsync(async () =>
    {
        var status = await host.GetAsync("/status");
        return status.GetProperty("Groups").EnumerateArray().Where(g => g.GetProperty("Group").GetString() == "purchases").All(g => g.GetProperty("Lag").GetInt64() == 0)
            && status.GetProperty("Tables").GetArrayLength() > 0;
    });

    private void RequireBrowser() => Skip.If(host.Missing is not null, host.Missing);
}
