using System.Text.Json;
using Pipeline.Testing;
using Pipeline.Workers.CommandLine;

namespace Pipeline.Workers.Tests;

public sealed class ReportCommandTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Report_OrdersHaveLanded_PrintsTheApisAnswer()
    {
        await using var pipeline = await WholePipeline.StartAsync(await postgres.CreateDatabaseAsync());
        var url = pipeline.Url.ToString();
        Assert.Contains("No rows", (await RunAsync("report", "top-products", "--url", url)).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, (await RunAsync("replay", "--csv", Repository.SampleCsv, "--url", url)).Code);
        using var client = new HttpClient { BaseAddress = pipeline.Url };

        // Orders land in more than one commit, maybe: until the last one the two answers may differ.
        await Eventually.TrueAsync(async () =>
        {
            var (code, output, _) = await RunAsync("report", "top-products", "--with", "limit=3", "--json", "--url", url);
            var answer = await client.GetStringAsync("/analytics/top-products?limit=3");
            return (code, output.Trim()) == (ExitCode.Ok, answer) && JsonDocument.Parse(answer).RootElement.GetArrayLength() == 3;
        });
        await Eventually.TrueAsync(async () =>
        {
            var (code, table, error) = await RunAsync("report", "top-products", "--with", "limit=1", "--url", url);
            var first = JsonDocument.Parse(await client.GetStringAsync("/analytics/top-products?limit=1")).RootElement[0];
            return (code, error) == (ExitCode.Ok, "") && first.EnumerateObject().All(p => table.Contains(p.Name, StringComparison.Ordinal) && table.Contains(p.Value.ToString(), StringComparison.Ordinal));
        });
        Assert.Contains("top-customers", (await RunAsync("report", "--url", url)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Report_WrongNameOrParameter_IsASentence()
    {
        await using var pipeline = await WholePipeline.StartAsync(await postgres.CreateDatabaseAsync());
        var (code, output, error) = await RunAsync("report", "top-prodcts", "--url", pipeline.Url.ToString());
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.StartsWith("There is no report 'top-prodcts'; there are ", error, StringComparison.Ordinal);
        Assert.Contains("limit", (await RunAsync("report", "top-products", "--with", "limit=0", "--url", pipeline.Url.ToString())).Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, (await RunAsync("report", "top-products", "--with", "limit")).Code);
        Assert.Equal("nothing answers at http://127.0.0.1:1; start it with dotnet run --project src/AppHost.", (await RunAsync("report", "--url", "http://127.0.0.1:1")).Error.Trim());
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await WorkersCommandLine.InvokeAsync(args, null, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
