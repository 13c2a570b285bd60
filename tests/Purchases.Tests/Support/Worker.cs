using MediatR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Lake;
using Pipeline.Purchases.Application;
using Pipeline.Purchases.Contracts;
using Pipeline.Purchases.Infrastructure;

namespace Pipeline.Purchases.Tests.Support;

/// <summary>A process that lands orders: the module as a host registers it, on a lake in a folder, driven step by step.</summary>
internal sealed class Worker : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public Worker(string lake, MemoryLog log, Action<Dictionary<string, string?>>? settings = null, int batchRecords = 7)
    {
        var values = new Dictionary<string, string?> { ["ConnectionStrings:lake"] = lake, ["Purchases:EngineThreads"] = "1", ["Lake:EngineThreads"] = "1" };
        settings?.Invoke(values);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IEventLog>(new FaultyLog(log, Faults));
        services.AddLake(configuration);
        var store = services.Last(s => s.ServiceType == typeof(IObjectStore));
        services.Replace(ServiceDescriptor.Singleton<IObjectStore>(p => new FaultyStore((IObjectStore)store.ImplementationFactory!(p), Faults)));
        services.AddPurchases(configuration).AddPurchasesWorkers();
        services.AddTransient<IRequestHandler<LandPurchases, LandingResult>, LandPurchasesHandler>();
        services.AddTransient<IRequestHandler<CompactPurchases, PurchasesCompacted>, CompactPurchasesHandler>();
        services.AddTransient<IRequestHandler<VacuumPurchases, PurchasesVacuumed>, VacuumPurchasesHandler>();
        services.AddTransient<ServiceFactory>(p => p.GetService!);
        services.AddTransient<IMediator, Mediator>();
        services.AddSingleton<INotificationHandler<PurchasesLanded>>(new Recorder(Landed));
        _services = services.BuildServiceProvider();
        Sink = _services.GetRequiredService<LandingSink>();
        Consumer = log.Consume(Topics.PurchasedItem, Sink, batchRecords);
    }

    public Faults Faults { get; } = new();

    public ManualTime Time { get; } = new();

    public LandingSink Sink { get; }

    public MemoryConsumer Consumer { get; }

    public List<PurchasesLanded> Landed { get; } = [];

    public LakeCatalog Lake => _services.GetRequiredService<LakeCatalog>();

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public static MemoryLog CreateLog(int partitions = 1)
    {
        var log = new MemoryLog();
        log.EnsureTopicAsync(new TopicDefinition(Topics.PurchasedItem, partitions)).AsTask().GetAwaiter().GetResult();
        log.EnsureTopicAsync(new TopicDefinition(Topics.DeadLetter(Topics.PurchasedItem), 1)).AsTask().GetAwaiter().GetResult();
        return log;
    }

    public Task StepAsync() => Sink.StepAsync(Consumer, CancellationToken.None);

    /// <summary>Steps until the condition holds; the clock stands still.</summary>
    public async Task StepUntilAsync(Func<bool> condition)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "not within 60 s");
            await StepAsync();
        }
    }

    /// <summary>Reads everything and lets the interval pass until the table holds it.</summary>
    public async Task DrainAsync(MemoryLog log)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (!await IsDrainedAsync(log))
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "not within 60 s");
            await StepAsync();
            Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    public async Task<List<LandedRow>> RowsAsync() => await LandedRow.ReadAsync(Lake);

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private async Task<bool> IsDrainedAsync(MemoryLog log)
    {
        if (Consumer.Assignment.Count == 0)
            return false;
        var landed = await Get<IPurchaseTable>().GetLandedAsync(CancellationToken.None);
        return Consumer.Assignment.All(p => (landed.TryGetValue(p, out var last) ? last + 1 : 0) == log.End(Topics.PurchasedItem, p));
    }

    private sealed class Recorder(List<PurchasesLanded> landed) : INotificationHandler<PurchasesLanded>
    {
        public Task Handle(PurchasesLanded notification, CancellationToken cancellationToken)
        {
            lock (landed)
                landed.Add(notification);
            return Task.CompletedTask;
        }
    }

    private sealed class FaultyLog(MemoryLog log, Faults faults) : IEventLog
    {
        public ValueTask EnsureTopicAsync(TopicDefinition topic, CancellationToken cancellationToken = default) =>
            log.EnsureTopicAsync(topic, cancellationToken);

        public ValueTask<RecordPosition> AppendAsync(string topic, in NewRecord record, CancellationToken cancellationToken = default) =>
            log.AppendAsync(topic, record, cancellationToken);

        public ValueTask AppendAsync(string topic, ReadOnlySpan<NewRecord> records, Memory<RecordPosition> positions,
            CancellationToken cancellationToken = default)
        {
            faults.Step("before append");
            log.AppendAsync(topic, records, positions, cancellationToken).AsTask().GetAwaiter().GetResult();
            faults.Step("after append");
            return ValueTask.CompletedTask;
        }

        public ValueTask<RecordBatch> ReadAsync(string topic, int partition, long offset, int maxBytes = 1 << 20,
            CancellationToken cancellationToken = default) =>
            log.ReadAsync(topic, partition, offset, maxBytes, cancellationToken);

        public ValueTask<IConsumer> SubscribeAsync(ConsumerDefinition consumer, CancellationToken cancellationToken = default) =>
            log.SubscribeAsync(consumer, cancellationToken);

        public ValueTask<IReadOnlyList<TopicStatus>> GetTopicsAsync(CancellationToken cancellationToken = default) => log.GetTopicsAsync(cancellationToken);

        public ValueTask<IReadOnlyList<GroupStatus>> GetGroupsAsync(CancellationToken cancellationToken = default) => log.GetGroupsAsync(cancellationToken);

        public ValueTask PingAsync(CancellationToken cancellationToken = default) => log.PingAsync(cancellationToken);
    }
}
