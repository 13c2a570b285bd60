using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>The notebooks that ship, cell by cell through the real program, against the answers of the API and of the workflow.</summary>
public sealed class ShippedNotebooksTests(WorkflowHost host) : IClassFixture<WorkflowHost>, IDisposable
{
    private const int Orders = 300;

    private readonly HttpClient _http = new() { BaseAddress = host.Host.Url };

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Tmdb_EachCell_AnswersAsTheWorkflowDoes()
    {
        WorkflowHost.AssertSucceeded(await host.RunAsync("tmdb"));
        var gold = new Dictionary<string, string>
        {
            ["Revenue by genre"] = "revenue_by_genre", ["Revenue by year"] = "revenue_by_year", ["Films of an actor"] = "films_of_actor", ["Top actors"] = "top_actors",
            ["Most languages"] = "most_languages",
        };
        var cells = await CellsAsync("tmdb");
        Assert.Equal(gold.Keys.Order(), cells.Keys.Order());
        foreach (var (title, (engine, sql)) in cells)
        {
            var rows = await RowsAsync(engine, sql);
            Assert.NotEmpty(rows);
            Assert.Equal((await RowsAsync("lake", $"SELECT * FROM tmdb.gold.{gold[title]}")).Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Shop_EachCell_AnswersAsTheApiDoes()
    {
        await SendOrdersAsync();
        var answers = new Dictionary<string, string>
        {
            ["Best-selling products"] = "top-products", ["Payment types"] = "payment-types", ["Top customers"] = "top-customers", ["Repeat purchases"] = "repeat-purchases",
            ["Most repurchased"] = "most-repurchased",
        };
        var cells = await CellsAsync("shop");
        Assert.Equal(answers.Keys.Append("What there is").Order(), cells.Keys.Order());
        foreach (var (title, (engine, sql)) in cells)
        {
            var rows = await RowsAsync(engine, sql);
            Assert.NotEmpty(rows);
            if (!answers.TryGetValue(title, out var question))
                continue;
            var answer = await _http.GetFromJsonAsync<JsonElement>($"/analytics/{question}");
            Assert.Equal(answer.EnumerateArray().Select(r => string.Join('|', r.EnumerateObject().Select(p => Plain(p.Value)))), rows);
        }
    }

    private static string Plain(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetDecimal().ToString("0.######", CultureInfo.InvariantCulture)
        : value.ToString();

    private async Task SendOrdersAsync()
    {
        var random = new Random(7);
        string[] payments = ["CreditCard", "PayPal", "BankTransfer"];
        var orders = Enumerable.Range(0, Orders).Select(i => new
        {
            SessionId = $"s-{i}",
            TimeStamp = DateTimeOffset.UtcNow.AddMinutes(-random.Next(1, 30)),
            UserId = $"user-{random.Next(20)}",
            TotalPrice = random.Next(100, 100_000) / 100m,
            OrderId = $"order-{i}",
            Products = Enumerable.Range(0, random.Next(1, 4))
                .Select(_ => new { ProductId = $"p-{random.Next(30)}", ItemCount = random.Next(1, 5), ItemPrice = random.Next(100, 9_999) / 100m, ItemDiscount = random.Next(0, 99) / 100m })
                .ToList(),
            PaymentType = payments[random.Next(payments.Length)],
        }).ToList();

        // Some of them twice.
        foreach (var sent in (object[])[orders, orders.Take(40).ToList()])
        {
            using var response = await _http.PostAsJsonAsync("/PurchasedItems", sent, new JsonSerializerOptions());
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }

        await Eventually.TrueAsync(async () =>
            (await TryRowsAsync("lake", "SELECT count(*) FROM raw.purchased_items"))?[0] == (Orders + 40).ToString(CultureInfo.InvariantCulture), TimeSpan.FromSeconds(60));
        using var refreshed = await _http.PostAsync("/analytics/refresh", null);
        Assert.True(refreshed.IsSuccessStatusCode, await refreshed.Content.ReadAsStringAsync());
    }

    private async Task<Dictionary<string, (string Engine, string Sql)>> CellsAsync(string notebook)
    {
        var cells = (await _http.GetFromJsonAsync<JsonElement>($"/notebooks/{notebook}")).GetProperty("Cells");
        return cells.EnumerateArray().Where(c => c.GetProperty("Kind").GetString() == "sql")
            .ToDictionary(c => c.GetProperty("Options").GetProperty("title").GetString()!, c => (c.GetProperty("Engine").GetString()!, c.GetProperty("Text").GetString()!));
    }

    private async Task<List<string>> RowsAsync(string engine, string sql) => await TryRowsAsync(engine, sql) ?? throw new InvalidOperationException($"It does not run: {sql}");

    private async Task<List<string>?> TryRowsAsync(string engine, string sql)
    {
        using var response = await _http.PostAsJsonAsync("/sql", new { Engine = engine, Sql = sql });
        if (!response.IsSuccessStatusCode)
            return null;
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.False(answer.TryGetProperty("Error", out _), answer.GetRawText());
        return [.. answer.GetProperty("Rows").EnumerateArray().Select(r => string.Join('|', r.EnumerateArray().Select(Plain)))];
    }
}
