using System.Net;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Access;

namespace Pipeline.ServiceDefaults.Tests.Access;

public sealed class LoginTests
{
    private static readonly (string, string)[] _keys = [("Access:Keys:0", AccessHost.Key)];

    [Fact]
    public async Task Browser_WithoutATicket_IsSentToTheLoginAndBack()
    {
        await using var host = await AccessHost.StartAsync(_keys);
        using var sent = await host.SendAsync(HttpMethod.Get, "/thing?a=1&b=2", ("Accept", "text/html,*/*;q=0.8"));
        Assert.Equal(HttpStatusCode.Redirect, sent.StatusCode);
        var login = sent.Headers.Location!.OriginalString;
        Assert.Equal("/login?to=%2Fthing%3Fa%3D1%26b%3D2", login);

        using var page = await host.SendAsync(HttpMethod.Get, login);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("value=\"/thing?a=1&amp;b=2\"", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var loggedIn = await LogInAsync(host, AccessHost.Key, "/thing?a=1&b=2");
        Assert.Equal(HttpStatusCode.Redirect, loggedIn.StatusCode);
        Assert.Equal("/thing?a=1&b=2", loggedIn.Headers.Location!.OriginalString);
        var cookie = Assert.Single(loggedIn.Headers.GetValues("Set-Cookie"));
        Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(AccessHost.Key, cookie, StringComparison.Ordinal);

        var ticket = cookie[..cookie.IndexOf(';', StringComparison.Ordinal)];
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/thing", ("Cookie", ticket)));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Post, "/thing", ("Cookie", ticket), ("Sec-Fetch-Site", "same-origin")));
        var tampered = ticket[..^1] + (ticket[^1] == '0' ? '1' : '0');
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync(HttpMethod.Get, "/thing", ("Cookie", tampered)));
        using var loggedOut = await host.SendAsync(HttpMethod.Post, "/logout", ("Cookie", ticket));
        Assert.Contains("expires=Thu, 01 Jan 1970", Assert.Single(loggedOut.Headers.GetValues("Set-Cookie")), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task LogIn_WithAWrongKey_ShowsThePageAgain()
    {
        await using var host = await AccessHost.StartAsync(_keys);
        using var response = await LogInAsync(host, "wrong-key-of-sixteen-letters", "/thing");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("That is none of the keys", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("")]
    public async Task LogIn_WithATargetElsewhere_StaysHere(string target)
    {
        await using var host = await AccessHost.StartAsync(_keys);
        using var response = await LogInAsync(host, AccessHost.Key, target);
        Assert.Equal("/", response.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Login_WithoutKeys_IsNotThere()
    {
        await using var host = await AccessHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, await host.StatusAsync(HttpMethod.Get, "/login"));
    }

    [Fact]
    public void Ticket_EndsWithItsTimeAndWithItsKey()
    {
        var clock = new Clock();
        var keys = Keys(clock, AccessHost.Key, "another-key-of-some-length");
        var ticket = keys.IssueTicket("another-key-of-some-length")!;
        Assert.True(keys.IsTicket(ticket));
        Assert.True(Keys(clock, "another-key-of-some-length").IsTicket(ticket)); // another process, another place
        Assert.False(Keys(clock, AccessHost.Key).IsTicket(ticket));
        Assert.Null(keys.IssueTicket("no-key-of-any-host-here"));
        clock.Now += TimeSpan.FromHours(12) - TimeSpan.FromSeconds(1);
        Assert.True(keys.IsTicket(ticket));
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.False(keys.IsTicket(ticket));

        // Its end is signed too.
        var later = "9" + ticket;
        Assert.False(keys.IsTicket(later));
        foreach (var broken in (string?[])[null, "", ".", "..", new string('.', 66), ticket[..^1], ticket + "0", new string('0', 64)])
            Assert.False(keys.IsTicket(broken));
    }

    private static AccessKeys Keys(TimeProvider clock, params string[] keys)
    {
        var options = new AccessOptions();
        foreach (var key in keys)
            options.Keys.Add(key);
        return new AccessKeys(Options.Create(options), clock);
    }

    private static async Task<HttpResponseMessage> LogInAsync(AccessHost host, string key, string target)
    {
        using var form = new FormUrlEncodedContent([new("key", key), new("to", target)]);
        return await host.Http.PostAsync("/login", form);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
