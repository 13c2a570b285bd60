using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>Keys in the whole program.</summary>
public sealed class AccessTests
{
    private const string Key = "a-key-of-sixteen-letters-and-more";

    [Fact]
    public async Task AppHost_WithAKey_IsClosedToAllWithoutItAndItsOwnTrafficFlows()
    {
        using var data = new TempDirectory();
        await using var host = AppHostProcess.Launch(data.FullPath, ["--generator", "50"], new Dictionary<string, string> { ["Access__Keys__0"] = Key });
        using var stranger = new HttpClient { BaseAddress = host.Url };
        await Eventually.TrueAsync(async () => (await stranger.GetAsync("/alive")).IsSuccessStatusCode, TimeSpan.FromSeconds(60));
        foreach (var path in (string[])["/", "/status", "/health", "/metrics", "/traces", "/openapi/v1.json", "/console/events"])
        {
            using var refused = await stranger.GetAsync(path);
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, refused.StatusCode));
        }

        using var known = new HttpClient { BaseAddress = host.Url };
        known.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        await Eventually.TrueAsync(async () => (await known.GetStringAsync("/events/counts?limit=1")).Contains("EventCount", StringComparison.Ordinal), describe: () => string.Join('\n', host.Output));

        var (refusedExit, refusedOutput) = await GenerateAsync(host.Url, null);
        Assert.Equal(1, refusedExit);
        Assert.Contains("answered 401", refusedOutput, StringComparison.Ordinal);
        var (exit, output) = await GenerateAsync(host.Url, Key);
        Assert.True(exit == 0, output);
        Assert.DoesNotContain(host.Output, line => line.Contains(Key, StringComparison.Ordinal));
        Assert.DoesNotContain(Key, await known.GetStringAsync("/logs?level=Trace&limit=1000"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AppHost_ForAllAddressesWithoutAKey_RefusesInASentence()
    {
        using var data = new TempDirectory();
        await using var host = AppHostProcess.Launch(data.FullPath, environment: new Dictionary<string, string> { ["Kestrel__Endpoints__Http__Url"] = "http://*:0" });
        Assert.NotEqual(0, await host.ExitAsync());
        await Eventually.TrueAsync(() => host.Output.Count > 0);
        Assert.Contains("Access__Keys__0=", Assert.Single(host.Output), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(data.FullPath, "postgres")));
    }

    [Theory]
    [InlineData("Pipeline.Api.dll")]
    [InlineData("Pipeline.Workers.dll")]
    public async Task Host_ForAllAddressesWithoutAKey_RefusesInASentence(string program)
    {
        var (exit, output) = await RunAsync(program, program == "Pipeline.Workers.dll" ? ["run", "--urls", "http://0.0.0.0:0"] : ["--urls", "http://0.0.0.0:0"], []);
        Assert.Equal(1, exit);
        Assert.Contains("http://0.0.0.0:0 can be reached from other machines, and no access key is configured", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at Pipeline", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AppHost_ForAllAddressesWithAKey_AnswersFromElsewhereToo()
    {
        using var data = new TempDirectory();
        var port = AppHostProcess.FreePort();
        await using var host = AppHostProcess.Launch(
            data.FullPath, environment: new Dictionary<string, string> { ["Kestrel__Endpoints__Http__Url"] = $"http://*:{port}", ["Access__Keys__0"] = Key });
        var own = Dns.GetHostAddresses(Dns.GetHostName(), AddressFamily.InterNetwork).FirstOrDefault(a => !IPAddress.IsLoopback(a)) ?? IPAddress.Loopback;
        using var http = new HttpClient { BaseAddress = new Uri($"http://{own}:{port}") };
        await Eventually.TrueAsync(async () => (await http.GetAsync("/alive")).IsSuccessStatusCode, TimeSpan.FromSeconds(60), () => string.Join('\n', host.Output));
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/status")).StatusCode);
        http.DefaultRequestHeaders.Add("X-Api-Key", Key);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/status")).StatusCode);
    }

    private static Task<(int Exit, string Output)> GenerateAsync(Uri url, string? key) => RunAsync(
        "Pipeline.Workers.dll", ["generate", "--url", url.ToString(), "--duration", "1", "--events-per-second", "5", "--orders-per-second", "2"],
        key is null ? [] : new Dictionary<string, string> { ["Access__Keys__0"] = key });

    private static async Task<(int Exit, string Output)> RunAsync(string program, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, program), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(timeout.Token);
        return (process.ExitCode, await output + await error);
    }
}
