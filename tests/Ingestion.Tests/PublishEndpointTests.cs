using System.Net;
using System.Net.Sockets;
using System.Text;
using Pipeline.Ingestion.Contracts;
using Pipeline.Testing;

namespace Pipeline.Ingestion.Tests;

public sealed class PublishEndpointTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Theory]
    [InlineData("/SendEvent")]
    [InlineData("/send-event")]
    public async Task Put_ValidEvent_IsInTheLogAtTheAnsweredPosition(string path)
    {
        await using var api = await StartAsync();
        using var response = await api.PutAsync(Samples.Event, path: path);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var answer = await IngestionApi.JsonAsync(response);
        Assert.Equal("UserEvents", (string?)answer["Topic"]);
        using var batch = await api.Log.ReadAsync("UserEvents", (int)answer["Partition"]!, (long)answer["Offset"]!);
        var records = batch.GetEnumerator();
        Assert.True(records.MoveNext());
        Assert.Equal(Samples.Event, Encoding.UTF8.GetString(records.Current.Value));
        Assert.Equal("user-17", Encoding.UTF8.GetString(records.Current.Key));
    }

    [Theory]
    [InlineData("/PurchasedItems")]
    [InlineData("/purchased-items")]
    public async Task Post_Orders_AreOneMessageEachInOrder(string path)
    {
        await using var api = await StartAsync();
        var orders = Enumerable.Range(0, 300).Select(i => Samples.Order.Replace("o-1", $"o-{i}", StringComparison.Ordinal)).ToArray();
        using var response = await api.PostAsync($"[{string.Join(',', orders)}]", path: path);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var answer = (await IngestionApi.JsonAsync(response)).AsArray();
        Assert.Equal(300, answer.Count);
        for (var i = 0; i < 300; i += 50)
        {
            using var batch = await api.Log.ReadAsync("PurchasedItem", (int)answer[i]!["Partition"]!, (long)answer[i]!["Offset"]!);
            var records = batch.GetEnumerator();
            Assert.True(records.MoveNext());
            Assert.Equal(orders[i], Encoding.UTF8.GetString(records.Current.Value));
        }
    }

    [Fact]
    public async Task Post_OneWrongOrder_Is400AndStoresNothing()
    {
        await using var api = await StartAsync();
        using var response = await api.PostAsync($"[{Samples.Order},{Samples.Order.Replace("\"ItemCount\":2", "\"ItemCount\":-2", StringComparison.Ordinal)}]");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.NotNull((await IngestionApi.JsonAsync(response))["errors"]!["[1].Products[0].ItemCount"]);
        Assert.Equal(0, await api.CountAsync(Topics.PurchasedItem));
    }

    [Theory]
    [InlineData("text/plain", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json; charset=utf-16", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json; charset=utf-8", HttpStatusCode.Accepted)]
    [InlineData("application/vnd.shop+json", HttpStatusCode.Accepted)]
    public async Task Put_ContentType_Decides(string contentType, HttpStatusCode expected)
    {
        await using var api = await StartAsync();
        using var response = await api.PutAsync(Samples.Event, contentType: contentType);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Post_TooManyBytes_Is413WithAndWithoutContentLength()
    {
        await using var api = await StartAsync(new() { ["Ingestion:MaxBodyBytes"] = "4096" });
        var body = $"[{string.Join(',', Enumerable.Repeat(Samples.Order, 100))}]";
        using var known = await api.PostAsync(body);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, known.StatusCode);
        using var content = new StreamContent(new NoLength(Samples.Utf8(body)));
        content.Headers.ContentType = new("application/json");
        using var chunked = await api.SendAsync(HttpMethod.Post, "/PurchasedItems", content);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, chunked.StatusCode);
        Assert.Equal(0, await api.CountAsync(Topics.PurchasedItem));
    }

    [Fact]
    public async Task Post_EightMebibytes_IsTaken()
    {
        await using var api = await StartAsync();
        var order = Samples.Order.Replace("s-1", new string('s', 100), StringComparison.Ordinal);
        var count = (8 << 20) / (order.Length + 1) - 1;
        var body = $"[{string.Join(',', Enumerable.Repeat(order, Math.Min(count, 10_000)))}]";
        using var response = await api.PostAsync(body);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(Math.Min(count, 10_000), await api.CountAsync(Topics.PurchasedItem));
    }

    [Fact]
    public async Task Post_TooManyOrders_Is413()
    {
        await using var api = await StartAsync(new() { ["Ingestion:MaxOrders"] = "2" });
        using var response = await api.PostAsync($"[{Samples.Order},{Samples.Order},{Samples.Order}]");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task Put_BeyondInFlightLimit_Is429WithRetryAfter()
    {
        await using var api = await StartAsync(new() { ["Ingestion:MaxInFlightRequests"] = "1" });
        using var slow = new TcpClient();
        await slow.ConnectAsync(api.Http.BaseAddress!.Host, api.Http.BaseAddress.Port);
        await using var stream = slow.GetStream();
        var body = Samples.Utf8(Samples.Event);
        await stream.WriteAsync(Samples.Utf8($"PUT /SendEvent HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"));
        await stream.WriteAsync(body.AsMemory(0, 10));
        await Eventually.TrueAsync(async () =>
        {
            using var second = await api.PutAsync(Samples.Event);
            return second.StatusCode == HttpStatusCode.TooManyRequests && second.Headers.RetryAfter?.Delta == TimeSpan.FromSeconds(1);
        });
        await stream.WriteAsync(body.AsMemory(10));
        var answer = new byte[12];
        await stream.ReadExactlyAsync(answer);
        Assert.Equal("HTTP/1.1 202", Encoding.ASCII.GetString(answer));

        // The place is given back right after the answer.
        await Eventually.TrueAsync(async () =>
        {
            using var third = await api.PutAsync(Samples.Event);
            return third.StatusCode == HttpStatusCode.Accepted;
        });
    }

    [Fact]
    public async Task Rejected_AreCountedByReasonAndListedNewestFirst()
    {
        await using var api = await StartAsync(new() { ["Ingestion:RejectedKept"] = "3" });
        for (var i = 0; i < 5; i++)
            (await api.PutAsync($"{{\"n\":{i}}}")).Dispose();
        (await api.PutAsync("x", contentType: "text/plain")).Dispose();
        var all = System.Text.Json.Nodes.JsonNode.Parse(await api.Http.GetStringAsync("/ingestion/rejected"))!;
        Assert.Equal(5, (int)all["Counts"]!["Invalid"]!);
        Assert.Equal(1, (int)all["Counts"]!["UnsupportedMediaType"]!);
        Assert.Equal(["UnsupportedMediaType", "Invalid", "Invalid"], all["Requests"]!.AsArray().Select(r => (string?)r!["Reason"]));
        Assert.Equal("{\"n\":4}", (string?)all["Requests"]![1]!["Body"]);
        var some = System.Text.Json.Nodes.JsonNode.Parse(await api.Http.GetStringAsync("/ingestion/rejected?reason=invalid&limit=1"))!;
        Assert.Single(some["Requests"]!.AsArray());
        using var bad = await api.Http.GetAsync("/ingestion/rejected?reason=nonsense");
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    [Fact]
    public async Task TotalPriceMismatch_MarksTheRecordAndTheAnswer()
    {
        await using var api = await StartAsync(new() { ["Ingestion:TotalPriceRule"] = "gross" });
        using var response = await api.PostAsync($"[{Samples.Order}]");
        var answer = (await IngestionApi.JsonAsync(response))[0]!;
        Assert.Equal(39.98m, (decimal)answer["TotalPriceExpected"]!);
        using var batch = await api.Log.ReadAsync("PurchasedItem", (int)answer["Partition"]!, (long)answer["Offset"]!);
        var records = batch.GetEnumerator();
        Assert.True(records.MoveNext());
        Assert.True(records.Current.TryGetHeader(RecordHeaders.TotalPriceExpectedUtf8, out var value));
        Assert.Equal("39.98", Encoding.UTF8.GetString(value));
    }

    [Fact]
    public async Task Options_Wrong_AreAllReportedAtStart()
    {
        var error = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => StartAsync(new() { ["Ingestion:MaxOrders"] = "0", ["Ingestion:TotalPriceRule"] = "maybe" }));
        Assert.Contains(error.Failures, f => f.Contains("Ingestion:MaxOrders", StringComparison.Ordinal));
        Assert.Contains(error.Failures, f => f.Contains("it is maybe", StringComparison.Ordinal));
    }

    private async Task<IngestionApi> StartAsync(Dictionary<string, string?>? settings = null) => await IngestionApi.StartAsync(await postgres.CreateDatabaseAsync(), settings);

    /// <summary>A body whose length is not known beforehand: it goes out chunked.</summary>
    private sealed class NoLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
