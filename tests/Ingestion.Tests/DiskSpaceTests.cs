using System.Globalization;
using System.Net;
using Pipeline.Testing;

namespace Pipeline.Ingestion.Tests;

public sealed class DiskSpaceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [SkippableFact]
    public async Task Put_WhileTheDiskIsNearlyFull_Is503AndGoesOnWithSpace()
    {
        using var disk = SmallDisk.TryMount(megabytes: 4);
        Skip.If(disk is null, "Mounting a small disk needs Linux and root.");
        await using var api = await StartAsync(disk!.FullPath, minFreeBytes: 8 << 20);

        await Eventually.TrueAsync(async () =>
        {
            using var response = await api.PutAsync(Samples.Event);
            return response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter is not null
                && (await response.Content.ReadAsStringAsync()).Contains("The disk is nearly full", StringComparison.Ordinal);
        });
        var taken = await api.CountAsync("UserEvents");
        using (var refused = await api.PostAsync($"[{Samples.Order}]"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        disk.Grow(megabytes: 64);
        await Eventually.TrueAsync(async () => (await api.PutAsync(Samples.Event)).StatusCode == HttpStatusCode.Accepted);

        Assert.Equal(taken + 1, await api.CountAsync("UserEvents"));
        Assert.Equal(0, await api.CountAsync("PurchasedItem"));
    }

    [Fact]
    public async Task Put_WithAFolderThatIsNotThere_IsTaken()
    {
        using var folder = new TempDirectory();
        await using var api = await StartAsync(folder.Path("absent"), minFreeBytes: 1);
        using var response = await api.PutAsync(Samples.Event);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    private async Task<IngestionApi> StartAsync(string folder, long minFreeBytes) => await IngestionApi.StartAsync(
        await postgres.CreateDatabaseAsync(),
        new() { ["Ingestion:DiskFolder"] = folder, ["Ingestion:MinFreeBytes"] = minFreeBytes.ToString(CultureInfo.InvariantCulture) });
}
