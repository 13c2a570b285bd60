using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>Real orders through the HTTP API; all five answers against an independent computation over the file.</summary>
public sealed class ReplayTests(RadosGateway gateway) : IClassFixture<RadosGateway>
{
    private static readonly Dictionary<string, string> _often = new() { ["Purchases__CommitInterval"] = "00:00:00.500" };
    private const int EveryHour = 24 * 365 * 100;
    private static readonly JsonSerializerOptions _pascalCase = new() { PropertyNamingPolicy = null };

    [Fact]
    public Task SampleFile_Replayed_AnswersEqualTheReference() => ReplayAndCompareAsync(SampleFile(), _often);

    [SkippableFact]
    public Task SampleFile_ReplayedIntoABucket_AnswersEqualTheReference()
    {
        RadosGateway.SkipUnlessThere();
        return ReplayAndCompareAsync(SampleFile(), new Dictionary<string, string>(_often) { ["ConnectionStrings__lake"] = gateway.NewLake() });
    }

    [SkippableFact]
    public Task RealFile_Replayed_AnswersEqualTheReference()
    {
        var file = RetailReference.FindFile();
        Skip.If(file is null, RetailReference.Missing);
        return ReplayAndCompareAsync(file!, _often);
    }

    /// <summary>Replays a file twice and compares.</summary>
    /// <param name="file">The file.</param>
    /// <param name="environment">Environment variables of the AppHost, such as connection strings of other stores.</param>
    internal static async Task ReplayAndCompareAsync(string file, IReadOnlyDictionary<string, string> environment)
    {
        using var data = new TempDirectory();
        await using var host = await AppHostProcess.StartAsync(data.FullPath, environment: environment);
        using var http = new HttpClient { BaseAddress = host.Url };
        await ReplayAsync(file, host.Url);
        await ReplayAsync(file, host.Url); // the same keys again: nothing is added
        await KillCycles.DrainAsync(host.Url);

        var expected = RetailReference.Read(file);
        Assert.NotEmpty(expected.Orders);
        var topic = JsonDocument.Parse(await http.GetStringAsync("/status")).RootElement.GetProperty("Topics").EnumerateArray().Single(t => t.GetProperty("Name").GetString() == "PurchasedItem");
        Assert.Equal(expected.Orders.Count, topic.GetProperty("Records").GetInt64());

        Assert.Equal(expected.TopProducts(1000), await GetAsync<RetailProduct>(http, "/analytics/top-products?limit=1000"));
        Assert.Equal(expected.PaymentTypes(), await GetAsync<RetailPayment>(http, "/analytics/payment-types"));
        Assert.Equal(
            expected.TopCustomers(DateTimeOffset.UtcNow, EveryHour, 1000),
            await GetAsync<RetailCustomer>(http, string.Create(CultureInfo.InvariantCulture, $"/analytics/top-customers?hours={EveryHour}&limit=1000")));
        Assert.Equal(expected.RepeatPurchases(), await GetAllAsync<RetailRepeat>(http, "/analytics/repeat-purchases?limit=7"));
        using (var refresh = await http.PostAsync("/analytics/refresh", null))
            Assert.True(refresh.IsSuccessStatusCode);
        Assert.Equal(expected.MostRepurchased(1000), await GetAsync<RetailRepurchase>(http, "/analytics/most-repurchased?limit=1000"));
        Assert.NotEmpty(expected.MostRepurchased());
        var lake = environment.GetValueOrDefault("ConnectionStrings__lake");
        Assert.Equal(lake is null, Directory.Exists(Path.Combine(data.FullPath, "lake")));
        if (lake is null)
            return;
        Assert.Contains(host.Output, line => line.EndsWith($"s3://pipeline-tests/{RadosGateway.Value(lake, "Prefix")}", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Output, line => line.Contains(RadosGateway.Value(lake, "SecretKey"), StringComparison.Ordinal));
    }

    private static async Task ReplayAsync(string file, Uri url)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Pipeline.Workers.dll"), "replay", "--csv", file, "--url", url.ToString()])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await output + await error);
    }

    private static async Task<List<T>> GetAsync<T>(HttpClient http, string path) => (await http.GetFromJsonAsync<List<T>>(path, _pascalCase))!;

    /// <summary>Follows the links to the next page.</summary>
    private static async Task<List<T>> GetAllAsync<T>(HttpClient http, string path)
    {
        var all = new List<T>();
        for (var next = path; next is not null;)
        {
            using var response = await http.GetAsync(next);
            response.EnsureSuccessStatusCode();
            all.AddRange((await response.Content.ReadFromJsonAsync<List<T>>(_pascalCase))!);
            next = response.Headers.TryGetValues("Link", out var links) ? links.First().Split('<', '>')[1] : null;
        }

        return all;
    }

    internal static string SampleFile()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Pipeline.sln")))
            folder = folder.Parent;
        return Path.Combine(folder.FullName, "src", "Workers", "Samples", "online-retail-sample.csv");
    }
}
