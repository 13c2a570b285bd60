using System.Net;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Access;

namespace Pipeline.ServiceDefaults.Tests.Access;

public sealed class KeyTests
{
    private const string Other = "another-key-of-some-length";
    private static readonly (string, string)[] _keys = [("Access:Keys:0", AccessHost.Key), ("Access:Keys:1", Other)];

    [Fact]
    public async Task Route_WithKeys_OpensForAnyOfThemInEitherHeader()
    {
        await using var host = await AccessHost.StartAsync(_keys);
        foreach (var key in (string[])[AccessHost.Key, Other])
        {
            Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Put, "/thing", ("Authorization", $"Bearer {key}")));
            Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/thing", ("Authorization", $"bearer {key}")));
            Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/thing", ("X-Api-Key", key)));
        }
    }

    [Theory]
    [InlineData("Authorization", "Bearer")]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("Authorization", "Bearer correct-horse-battery-stapl")]
    [InlineData("Authorization", "Bearer correct-horse-battery-staplee")]
    [InlineData("Authorization", "Bearer CORRECT-HORSE-BATTERY-STAPLE")]
    [InlineData("Authorization", "Basic correct-horse-battery-staple")]
    [InlineData("Authorization", "correct-horse-battery-staple")]
    [InlineData("X-Api-Key", "")]
    [InlineData("X-Api-Key", "correct-horse-battery-staple, another-key-of-some-length")]
    [InlineData("Cookie", "pipeline-ticket=correct-horse-battery-staple")]
    [InlineData("Accept", "application/json")]
    public async Task Route_WithoutAValidKey_IsRefusedAndSaysHow(string header, string value)
    {
        await using var host = await AccessHost.StartAsync(_keys);
        using var response = await host.SendAsync(HttpMethod.Get, "/thing", (header, value));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
        var body = await response.Content.ReadAsStringAsync();
        Assert.Contains("X-Api-Key", body, StringComparison.Ordinal);
        Assert.DoesNotContain(AccessHost.Key, body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync(HttpMethod.Get, "/nothing/here"));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync(HttpMethod.Get, "/health"));
    }

    [Fact]
    public async Task Alive_WithKeys_IsOpen()
    {
        await using var host = await AccessHost.StartAsync(_keys);
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/alive"));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync(HttpMethod.Get, "/alive/more"));
    }

    [Fact]
    public async Task Ready_WithKeys_IsOpen()
    {
        await using var host = await AccessHost.StartAsync(_keys);
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/ready"));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync(HttpMethod.Get, "/ready/more"));
    }

    [Fact]
    public async Task AnyHostName_WithKeys_IsTaken()
    {
        await using var host = await AccessHost.StartAsync(_keys);
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/thing", ("Host", "pipeline.example"), ("X-Api-Key", Other)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("fifteen-letters")]
    [InlineData("sixteen letters ")]
    [InlineData("sixteen-lettersé")]
    public void Key_ThatIsNoGood_IsRefusedWithoutBeingTold(string key)
    {
        var options = new AccessOptions { Keys = { AccessHost.Key, key } };
        var result = new AccessOptionsValidator().Validate(null, options);
        Assert.True(result.Failed);
        var failure = Assert.Single(result.Failures);
        Assert.StartsWith("Access:Keys:1 ", failure, StringComparison.Ordinal);
        if (key.Length > 0)
            Assert.DoesNotContain(key, failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithAKeyThatIsTooShort_Fails()
    {
        await using var app = AccessHost.Build(null, ("Access:Keys:0", "short"));
        await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());
    }
}
