using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>The program as a user starts it.</summary>
public sealed class AppHostTests
{
    private const string Event = """{"UserId":"ada","SessionId":"s-1","EventName":"AddedBasket","TimeStamp":"2026-01-31T10:15:30Z","Attributes":{"ProductId":"p-1","Price":10,"Discount":0}}""";
    private const string Orders = """[{"SessionId":"s-1","TimeStamp":"2026-01-31T10:20:00Z","UserId":"ada","TotalPrice":20,"OrderId":"o-1","Products":[{"ProductId":"p-1","ItemCount":2,"ItemPrice":10,"ItemDiscount":0}],"PaymentType":"PayPal"}]""";

    [Fact]
    public async Task Events_Sent_AreCountedAndOrdersAnswered()
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: new Dictionary<string, string> { ["Purchases__CommitInterval"] = "00:00:00.500" });
        using var http = new HttpClient { BaseAddress = host.Url };
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(http, HttpMethod.Put, "/SendEvent", Event)).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(http, HttpMethod.Post, "/PurchasedItems", Orders)).StatusCode);

        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/events/counts?userId=ada")) == """[{"UserId":"ada","EventName":"AddedBasket","EventCount":3}]""");
        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/analytics/payment-types")) == """[{"PaymentType":"PayPal","Orders":1,"Share":1}]""");
        var status = JsonNode.Parse(await http.GetStringAsync("/status"))!;
        Assert.Equal(1, (long)status["Tables"]!.AsArray().Single(t => (string?)t!["Name"] == "raw/purchased_items")!["Rows"]!);
        Assert.Equal(3, (long)status["Topics"]!.AsArray().Single(t => (string?)t!["Name"] == "UserEvents")!["Records"]!);
    }

    [Fact]
    public async Task Start_Fresh_AnswersEveryRouteWithoutData()
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath);
        using var http = new HttpClient { BaseAddress = host.Url };
        foreach (var path in new[] { "/events", "/events/counts", "/analytics/top-products", "/analytics/payment-types", "/analytics/top-customers", "/analytics/repeat-purchases", "/analytics/most-repurchased" })
            Assert.Equal("[]", await http.GetStringAsync(path));
        Assert.Contains("PUT    /SendEvent", await http.GetStringAsync("/routes"), StringComparison.Ordinal);
        Assert.Equal("Healthy", (string?)JsonNode.Parse(await http.GetStringAsync("/health"))!["Status"]);
        Assert.Equal("Healthy", (string?)JsonNode.Parse(await http.GetStringAsync("/alive"))!["Status"]);
        using var refresh = await http.PostAsync("/analytics/refresh", null);
        Assert.True(refresh.IsSuccessStatusCode);
        using var nowhere = await http.GetAsync("/nowhere");
        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
    }

    [Fact]
    public async Task OpenApi_DescribesTheRoutesWithExamples()
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath);
        using var http = new HttpClient { BaseAddress = host.Url };
        var document = JsonNode.Parse(await http.GetStringAsync("/openapi/v1.json"))!;
        var put = document["paths"]!["/SendEvent"]!["put"]!;
        var example = put["requestBody"]!["content"]!["application/json"]!["example"]!;
        using var accepted = await SendAsync(http, HttpMethod.Put, "/SendEvent", example.ToJsonString());
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Contains("Idempotency-Key", put["parameters"]!.ToJsonString(), StringComparison.Ordinal);
        foreach (var path in new[] { "/PurchasedItems", "/ingestion/rejected", "/events", "/events/counts", "/analytics/top-products", "/analytics/refresh", "/status" })
            Assert.NotNull(document["paths"]![path]);
    }

    [Fact]
    public async Task Interrupt_StopsCleanlyAndTheNextStartHasEverything()
    {
        using var data = new TempDirectory();
        await using (var first = await AppHostProcess.StartAsync(data.FullPath, ["--generator", "200"]))
        {
            using var http = new HttpClient { BaseAddress = first.Url };
            await Eventually.TrueAsync(async () => (await http.GetFromJsonAsync<JsonArray>("/events/counts"))!.Count > 5);
            Assert.Equal(0, await first.InterruptAsync());
            Assert.Contains("Stopped.", first.Output);
            Assert.DoesNotContain(first.Output, line => line.StartsWith("fail", StringComparison.Ordinal));
        }

        Assert.False(File.Exists(Path.Combine(data.FullPath, "postgres", "cluster", "postmaster.pid")));
        await using var second = await AppHostProcess.StartAsync(data.FullPath);
        using var again = new HttpClient { BaseAddress = second.Url };
        await KillCycles.DrainAsync(second.Url);
        var sent = (await StatusAsync(again))["Topics"]!.AsArray().Single(t => (string?)t!["Name"] == "UserEvents")!;
        var counted = 0L;
        var after = "";
        for (var page = await PageAsync(again, after); page.Count > 0; page = await PageAsync(again, after))
        {
            counted += page.Sum(c => (long)c!["EventCount"]!);
            after = $"{(string?)page[^1]!["UserId"]}/{(string?)page[^1]!["EventName"]}";
        }

        Assert.Equal((long)sent["Records"]!, counted);
    }

    [Fact]
    public async Task Interrupt_PassedOnTwice_StopsCleanlyAllTheSame()
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath);
        Assert.Equal(0, await host.InterruptAsync(signals: 3));
        Assert.Contains("Stopped.", host.Output);
        Assert.False(File.Exists(Path.Combine(data.FullPath, "postgres", "cluster", "postmaster.pid")));
    }

    [Fact]
    public async Task SecondHost_OnTheSameData_SaysWhyItCannotStart()
    {
        using var data = new TempDirectory();
        await using var first = await AppHostProcess.StartAsync(data.FullPath);
        await using var second = AppHostProcess.Launch(data.FullPath);
        Assert.NotEqual(0, await second.ExitAsync());
        Assert.Contains(second.Output, line => line.Contains(first.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));
        Assert.DoesNotContain(second.Output, line => line.Contains("   at Pipeline", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--generator", "much")]
    [InlineData("--nonsense", "1")]
    public async Task CommandLine_Wrong_IsExplained(string option, string value)
    {
        using var data = new TempDirectory();
        await using var host = AppHostProcess.Launch(data.FullPath, option == "--generator" ? [option, value] : ["--generator", "off", option, value]);
        await Eventually.TrueAsync(() => host.HasExited && host.Output.Any(line => line.Contains(option, StringComparison.Ordinal)));
    }

    private static async Task<JsonNode> StatusAsync(HttpClient http) => JsonNode.Parse(await http.GetStringAsync("/status"))!;

    private static async Task<JsonArray> PageAsync(HttpClient http, string after) =>
        (await http.GetFromJsonAsync<JsonArray>($"/events/counts?limit=1000{(after.Length == 0 ? "" : "&after=" + Uri.EscapeDataString(after))}"))!;

    private static Task<HttpResponseMessage> SendAsync(HttpClient http, HttpMethod method, string path, string body) =>
        http.SendAsync(new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") });
}
