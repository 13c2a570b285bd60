using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

public sealed class BadInputTests(SharedHost shared) : IClassFixture<SharedHost>
{
    private const string Event = """{"UserId":"u","SessionId":"s","EventName":"AddedBasket","TimeStamp":"2026-01-31T10:15:30Z","Attributes":{"ProductId":"p","Price":10.5,"Discount":0}}""";
    private const string Order = """{"SessionId":"s","TimeStamp":"2026-01-31T10:20:00Z","UserId":"u","TotalPrice":20,"OrderId":"good","Products":[{"ProductId":"p","ItemCount":2,"ItemPrice":10,"ItemDiscount":0}],"PaymentType":"PayPal"}""";

    /// <summary>Random damage to bodies and heads: never a 5xx, never a hanging server, and good neighbours all arrive.</summary>
    [Fact]
    public async Task RandomDamage_NeverGivesA5xxAndLosesNoNeighbour()
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: new Dictionary<string, string> { ["Purchases__CommitInterval"] = "00:00:00.500" });
        using var http = new HttpClient { BaseAddress = host.Url };
        var random = new Random(20);
        var accepted = 0;
        var good = 0;
        for (var i = 0; i < 600; i++)
        {
            var isEvent = random.Next(2) == 0;
            var body = Damage(Encoding.UTF8.GetBytes(isEvent ? Event : $"[{Order},{Order}]"), random);
            using var content = new ByteArrayContent(body);
            content.Headers.TryAddWithoutValidation("Content-Type", random.Next(20) == 0 ? "te;xt//" : "application/json");
            using var request = new HttpRequestMessage(isEvent ? HttpMethod.Put : HttpMethod.Post, isEvent ? "/SendEvent" : "/PurchasedItems") { Content = content };
            using var response = await http.SendAsync(request);
            Assert.True((int)response.StatusCode < 500, $"{(int)response.StatusCode} for {Encoding.UTF8.GetString(body)}");
            accepted += response.StatusCode == HttpStatusCode.Accepted ? isEvent ? 0 : 2 : 0;
            if (i % 10 == 0)
            {
                using var neighbour = await http.PostAsync("/PurchasedItems", new StringContent($"[{Order}]", Encoding.UTF8, "application/json"));
                Assert.Equal(HttpStatusCode.Accepted, neighbour.StatusCode);
                good++;
            }
        }

        await KillCycles.DrainAsync(host.Url);
        var status = JsonNode.Parse(await http.GetStringAsync("/status"))!;
        Assert.Equal(0, (long)status["Topics"]!.AsArray().Single(t => (string?)t!["Name"] == "PurchasedItem.dead")!["Records"]!);
        Assert.Equal(0, (long)status["Topics"]!.AsArray().Single(t => (string?)t!["Name"] == "UserEvents.dead")!["Records"]!);
        Assert.Equal(good + accepted, (long)status["Tables"]!.AsArray().Single(t => (string?)t!["Name"] == "raw/purchased_items")!["Rows"]!);
    }

    [Theory]
    [InlineData("GET /SendEvent HTTP/1.1\r\nHost: localhost\r\n\r\n", "405")]
    [InlineData("PUT /SendEvent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n", "413")]
    [InlineData("PUT /SendEvent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n", "400")]
    [InlineData("PUT /SendEvent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400")]
    [InlineData("PUT /SendEvent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n", "400")]
    [InlineData("BLAH\r\n\r\n", "400")]
    [InlineData("GET /events?limit=x HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("GET /events/counts?limit=-1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("GET /events?from=yesterday HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("GET /analytics/top-customers?hours=0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("GET /analytics/top-products?limit=999999999999 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("GET /analytics/repeat-purchases?after=%00%27 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("GET /events/counts?userId=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    [InlineData("GET /ingestion/rejected?limit=0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400")]
    public async Task RawRequest_Wrong_HasItsStatus(string request, string status)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", shared.Host.Url.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        var answer = new byte[64];
        var read = await stream.ReadAtLeastAsync(answer, 12, throwOnEndOfStream: false);
        Assert.StartsWith($"HTTP/1.1 {status}", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
    }

    private static byte[] Damage(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var n = random.Next(1, 4); n > 0 && bytes.Count > 1; n--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(40), bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }
}
