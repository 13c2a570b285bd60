using Npgsql;
using Pipeline.Testing;
using Xunit.Abstractions;

namespace Pipeline.Whole.Tests;

/// <summary>The whole program on Kafka (a mock cluster), PostgreSQL and S3 (a RADOS gateway).</summary>
public sealed class DistributedStackTests(PostgresFixture postgres, ITestOutputHelper output) : IClassFixture<PostgresFixture>
{
    [SkippableFact]
    public async Task RealFile_Replayed_AnswersEqualTheReference()
    {
        DistributedStores.SkipUnlessThere();
        await using var stores = await DistributedStores.StartAsync();
        await ReplayTests.ReplayAndCompareAsync(RetailReference.FindFile() ?? ReplayTests.SampleFile(), stores.Environment);
    }

    /// <summary>A few cycles; <c>benchmarks -- kill --distributed</c> does more.</summary>
    [SkippableFact]
    public async Task Kill9_UnderLoad_EveryAcknowledgedRecordIsThereOnce()
    {
        DistributedStores.SkipUnlessThere();
        await using var stores = await DistributedStores.StartAsync();
        using var data = new TempDirectory();
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var report = await KillCycles.RunAsync(data.FullPath, cycles: 3, seed, output.WriteLine, stores.Environment);
        output.WriteLine(report.ToString());
        Assert.True(report.AcknowledgedEvents > 100 && report.AcknowledgedOrders > 100, report.ToString());
    }

    /// <summary>Half a minute; <c>benchmarks -- scale</c> does more.</summary>
    [SkippableFact]
    public async Task Processes_KilledAndAddedUnderLoad_EveryAcknowledgedRecordIsThereOnce()
    {
        DistributedStores.SkipUnlessThere();
        await using var stores = await DistributedStores.StartAsync();
        var warehouse = await postgres.CreateDatabaseAsync();
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var report = await ScaleRun.RunAsync(stores.With(warehouse), TimeSpan.FromSeconds(30), seed, output.WriteLine);
        output.WriteLine(report.ToString());
        await using (var database = NpgsqlDataSource.Create(warehouse))
        await using (var command = database.CreateCommand("select count(*) from pg_tables where schemaname = 'log'"))
            Assert.Equal(0L, await command.ExecuteScalarAsync());
        Assert.True(report.Kills > 0 && report.AcknowledgedEvents > 100 && report.AcknowledgedOrders > 100, report.ToString());
    }
}
