using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Pipeline.ServiceDefaults.Access;

namespace Pipeline.ServiceDefaults.Tests.Access;

public sealed class ListeningTests
{
    [Theory]
    [InlineData("urls", "http://0.0.0.0:5080")]
    [InlineData("urls", "http://*:5080")]
    [InlineData("urls", "http://+:5080")]
    [InlineData("urls", "http://[::]:5080")]
    [InlineData("urls", "http://192.168.0.17:5080")]
    [InlineData("urls", "http://somewhere:5080")]
    [InlineData("urls", "http://127.0.0.1:5080;http://0.0.0.0:5081")]
    [InlineData("http_ports", "5080")]
    [InlineData("https_ports", "5443")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://*:5080")]
    public void Address_ThatOthersReach_IsRefusedWithoutKeys(string setting, string value)
    {
        var error = Assert.Throws<TerminalException>(() => ListeningAddresses.EnsureAllowed(Configuration((setting, value))));
        Assert.Contains("Access__Keys__0=", error.Message, StringComparison.Ordinal);
        ListeningAddresses.EnsureAllowed(Configuration((setting, value), ("Access:Keys:0", AccessHost.Key)));
    }

    [Theory]
    [InlineData("urls", "http://127.0.0.1:5080")]
    [InlineData("urls", "http://localhost:5080;https://[::1]:5443")]
    [InlineData("urls", "http://unix:/tmp/pipeline.sock")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://localhost:5080")]
    [InlineData("nothing", "")]
    public void Address_OfThisMachineOnly_IsTaken(string setting, string value) => ListeningAddresses.EnsureAllowed(Configuration((setting, value)));

    [Fact]
    public void Ports_BesideUrls_DoNotCount() => ListeningAddresses.EnsureAllowed(Configuration(("urls", "http://127.0.0.1:5080"), ("http_ports", "8080")));

    [Fact]
    public void Host_ConfiguredForAllAddresses_IsNotEvenBuilt() =>
        Assert.Throws<TerminalException>(() => AccessHost.Build(null, ("urls", "http://0.0.0.0:0")));

    [Fact]
    public async Task Host_ThatListensEverywhereByCode_DoesNotStartWithoutKeys()
    {
        await using var refused = AccessHost.Build(builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(0)));
        var error = await Assert.ThrowsAsync<TerminalException>(() => refused.StartAsync());
        Assert.Contains("Access__Keys__0=", error.Message, StringComparison.Ordinal);

        await using var taken = AccessHost.Build(builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(0)), ("Access:Keys:0", AccessHost.Key));
        await taken.StartAsync();
        Assert.NotEmpty(taken.Urls);
    }

    private static IConfiguration Configuration(params (string Name, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build();
}
