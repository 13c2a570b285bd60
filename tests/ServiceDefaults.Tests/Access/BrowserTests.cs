using System.Net;

namespace Pipeline.ServiceDefaults.Tests.Access;

/// <summary>What pages of other sites can do with a host that a browser reaches.</summary>
public sealed class BrowserTests
{
    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST:5080", true)]
    [InlineData("127.0.0.1:1", true)]
    [InlineData("127.8.9.10", true)]
    [InlineData("[::1]:5080", true)]
    [InlineData("pipeline.internal", true)]
    [InlineData("pipeline.internal:8080", true)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example:5080", false)]
    [InlineData("192.168.0.17:5080", false)]
    [InlineData("0.0.0.0:5080", false)]
    public async Task Request_WithoutKeys_IsTakenOnlyByAKnownName(string name, bool taken)
    {
        await using var host = await AccessHost.StartAsync(("Access:Hosts:0", "pipeline.internal"));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(taken ? HttpStatusCode.OK : HttpStatusCode.MisdirectedRequest, await host.StatusAsync(HttpMethod.Get, "/thing", ("Host", name)));
            Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/thing"));
        }
    }

    [Theory]
    [InlineData("Origin", "https://evil.example", false)]
    [InlineData("Origin", "null", false)]
    [InlineData("Origin", "http://localhost:1", false)]
    [InlineData("Origin", "SELF", true)]
    [InlineData("Origin", "https://console.internal", true)]
    [InlineData("Sec-Fetch-Site", "cross-site", false)]
    [InlineData("Sec-Fetch-Site", "same-site", false)]
    [InlineData("Sec-Fetch-Site", "same-origin", true)]
    [InlineData("Sec-Fetch-Site", "none", true)]
    [InlineData("X-None", "", true)]
    public async Task Change_ByABrowser_IsTakenFromOwnPagesOnly(string header, string value, bool taken)
    {
        await using var host = await AccessHost.StartAsync(("Access:Hosts:0", "console.internal"));
        var sent = value == "SELF" ? host.Http.BaseAddress!.GetLeftPart(UriPartial.Authority) : value;
        foreach (var method in (HttpMethod[])[HttpMethod.Put, HttpMethod.Post, HttpMethod.Delete])
            Assert.Equal(taken ? HttpStatusCode.OK : HttpStatusCode.Forbidden, await host.StatusAsync(method, "/thing", (header, sent)));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/thing", (header, sent)));

        // A web socket begins as a GET.
        var socket = await host.StatusAsync(HttpMethod.Get, "/thing", (header, sent), ("Connection", "Upgrade"), ("Upgrade", "websocket"));
        Assert.Equal(taken ? HttpStatusCode.OK : HttpStatusCode.Forbidden, socket);
    }
}
