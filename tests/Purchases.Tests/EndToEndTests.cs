using System.Text;
using MediatR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Lake;
using Pipeline.Postgres;
using Pipeline.Purchases.Application;
using Pipeline.Purchases.Contracts;
using Pipeline.Purchases.Tests.Support;
using Pipeline.Testing;

namespace Pipeline.Purchases.Tests;

/// <summary>Hosts with the real log in PostgreSQL and the real lake.</summary>
public sealed class EndToEndTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int PerRound = 500;

    [Fact]
    public async Task Workers_ComeAndGoWhileOrdersArrive_TheTableHoldsEachOnce()
    {
        using var folder = new TempDirectory();
        var database = await postgres.CreateDatabaseAsync();
        using var first = await StartAsync(database, folder.FullPath);
        var log = first.Services.GetRequiredService<IEventLog>();
        var sent = new Dictionary<(int, long), byte[]>();
        await PublishAsync(log, sent);
        using var second = await StartAsync(database, folder.FullPath);
        await PublishAsync(log, sent);
        await first.Services.GetRequiredService<LandedSignal>().FirstAsync();
        await second.StopAsync();
        await PublishAsync(log, sent);
        using var third = await StartAsync(database, folder.FullPath);
        await PublishAsync(log, sent);

        var lake = first.Services.GetRequiredService<LakeCatalog>();
        await Eventually.TrueAsync(async () => await RowCountAsync(lake) == sent.Count, TimeSpan.FromSeconds(60));
        await third.StopAsync();
        var rows = await LandedRow.ReadAsync(lake);
        Assert.Equal(sent.Keys.Order(), rows.Select(r => (r.Partition, r.Offset)));
        foreach (var row in rows)
            Assert.Equal(ReferenceOrder.Read(sent[(row.Partition, row.Offset)])!.OrderId, row.OrderId);
        await Eventually.TrueAsync(async () => (await log.GetGroupsAsync()).Single().Lag == 0);
        var dead = await log.ReadAsync(DeadLetters.TopicOf(Topics.PurchasedItem), 0, 0);
        Assert.True(dead.Count >= 4);
        await first.StopAsync();
    }

    [Fact]
    public async Task Stop_OrdersThatJustArrived_LandBeforeTheHostIsGone()
    {
        using var folder = new TempDirectory();
        var database = await postgres.CreateDatabaseAsync();
        using var host = await StartAsync(database, folder.FullPath, TimeSpan.FromMinutes(10));
        var log = host.Services.GetRequiredService<IEventLog>();
        var sent = new Dictionary<(int, long), byte[]>();
        await PublishAsync(log, sent);
        var sink = host.Services.GetRequiredService<Infrastructure.LandingSink>();
        await Eventually.TrueAsync(() => sink.BufferedRecords == PerRound + 1);
        await host.StopAsync();

        using var next = await StartAsync(database, folder.FullPath);
        await Eventually.TrueAsync(async () => await RowCountAsync(next.Services.GetRequiredService<LakeCatalog>()) == sent.Count);
        await next.StopAsync();
    }

    private static async Task<long?> RowCountAsync(LakeCatalog lake) => (await lake.Table(PurchasedItemsTable.Path).TrySnapshotAsync())?.RowCount;

    private static async Task PublishAsync(IEventLog log, Dictionary<(int, long), byte[]> sent)
    {
        var records = Enumerable.Range(0, PerRound).Select(i => Encoding.UTF8.GetBytes(RandomOrders.Plain(sent.Count + i))).ToArray();
        var positions = new RecordPosition[PerRound];
        await log.AppendAsync(
            Topics.PurchasedItem, [.. records.Select((r, i) => new NewRecord(Encoding.UTF8.GetBytes($"user-{i % 17}"), r))], positions);
        await log.AppendAsync(Topics.PurchasedItem, new NewRecord("bad"u8.ToArray(), "{}"u8.ToArray()));
        for (var i = 0; i < PerRound; i++)
            sent.Add((positions[i].Partition, positions[i].Offset), records[i]);
    }

    private static async Task<IHost> StartAsync(string database, string lake, TimeSpan? commitInterval = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:warehouse"] = database,
            ["ConnectionStrings:lake"] = lake,
            ["EventLog:SessionTimeout"] = "00:00:05",
            ["Lake:EngineThreads"] = "1",
            ["Purchases:EngineThreads"] = "1",
            ["Purchases:CommitInterval"] = (commitInterval ?? TimeSpan.FromMilliseconds(100)).ToString(),
        });
        var services = builder.Services;
        services.AddPostgres(builder.Configuration);
        services.AddEventLog(builder.Configuration);
        services.AddLake(builder.Configuration);
        services.AddHostedService<Topic>();
        services.AddPurchases(builder.Configuration).AddPurchasesWorkers();
        services.AddSingleton<LandedSignal>();
        services.AddTransient<INotificationHandler<PurchasesLanded>>(p => p.GetRequiredService<LandedSignal>());
        services.AddTransient<IRequestHandler<LandPurchases, LandingResult>, LandPurchasesHandler>();
        services.AddTransient<ServiceFactory>(p => p.GetService!);
        services.AddTransient<IMediator, Mediator>();
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>Ingestion makes the topics.</summary>
    private sealed class Topic(IEventLog log) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await log.EnsureTopicAsync(new TopicDefinition(Topics.PurchasedItem), cancellationToken);
            await log.EnsureTopicAsync(new TopicDefinition(DeadLetters.TopicOf(Topics.PurchasedItem), 1), cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class LandedSignal : INotificationHandler<PurchasesLanded>
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task FirstAsync() => _first.Task.WaitAsync(TimeSpan.FromSeconds(60));

        public Task Handle(PurchasesLanded notification, CancellationToken cancellationToken)
        {
            _first.TrySetResult();
            return Task.CompletedTask;
        }
    }
}
