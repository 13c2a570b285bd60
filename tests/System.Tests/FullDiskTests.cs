using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

public sealed class FullDiskTests
{
    private const int Small = 400;

    /// <summary>Even without the watch on free space, which keeps it from coming to that.</summary>
    [SkippableFact]
    public async Task FullDisk_UnderLoad_HostLivesAndLosesNothing()
    {
        using var disk = SmallDisk.TryMount(Small);
        Skip.If(disk is null, "Mounting a small disk needs Linux and root.");
        var data = Path.Combine(disk!.FullPath, "data");
        await using var host = await AppHostProcess.StartAsync(data, environment: new Dictionary<string, string> { ["Ingestion__MinFreeBytes"] = "0" });
        var drive = new DriveInfo(disk.FullPath);
        using var ledger = new ShopLedger(host.Url);
        using var stop = new CancellationTokenSource();
        var sending = ledger.SendAsync(stop.Token);
        await Eventually.TrueAsync(() => ledger.Events.Values.Count(a => a) > 300);

        // What is left is taken by somebody else.
        await FillAsync(Path.Combine(disk.FullPath, "filler"));
        await Task.Delay(TimeSpan.FromSeconds(15));
        Assert.True(host.Ending is null, host.Ending);
        Assert.Equal(0, drive.AvailableFreeSpace);

        disk.Grow(Small * 4);
        var before = ledger.Events.Values.Count(a => a);
        await Eventually.TrueAsync(() => ledger.Events.Values.Count(a => a) > before + 300, TimeSpan.FromSeconds(60), () => host.Ending ?? string.Join('\n', host.Output.TakeLast(30)));
        await stop.CancelAsync();
        await sending;
        await KillCycles.DrainAsync(host.Url);
        await KillCycles.VerifyAsync(ledger, AppHostProcess.WarehouseOf(data), Path.Combine(data, "lake"));
    }

    private static async Task FillAsync(string file)
    {
        await using var filler = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        var megabyte = new byte[1 << 20];
        try
        {
            while (true)
                await filler.WriteAsync(megabyte);
        }
        catch (IOException)
        {
            // Full.
        }
    }
}
