using Pipeline.Testing;
using Xunit.Abstractions;

namespace Pipeline.Whole.Tests;

public sealed class KillTests(ITestOutputHelper output)
{
    /// <summary>A few cycles on every run; <c>benchmarks -- kill --cycles 20</c> does more.</summary>
    [Fact]
    public async Task Kill9_UnderLoad_EveryAcknowledgedRecordIsThereOnce()
    {
        using var data = new TempDirectory();
        var report = await KillCycles.RunAsync(data.FullPath, cycles: 4, seed: Environment.TickCount, output.WriteLine);
        output.WriteLine(report.ToString());
        Assert.True(report.AcknowledgedEvents > 100 && report.AcknowledgedOrders > 100, report.ToString());
    }
}
