using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Contracts;
using Pipeline.Analytics.Infrastructure;
using Pipeline.Purchases.Contracts;
using Pipeline.ServiceDefaults.Mediation;

namespace Pipeline.Analytics.Tests;

public sealed class RefreshLoopTests
{
    private static readonly TimeSpan _never = TimeSpan.FromHours(1);
    private static readonly TimeSpan _soon = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task Loop_WithoutLandings_RefreshesAtEachInterval()
    {
        using var refresh = new CountingRefresh();
        await using var running = await Running.StartAsync(refresh, _soon, _soon);

        await refresh.ReachedAsync(5);
    }

    [Fact]
    public async Task Loop_OrdersLanded_RefreshesBeforeTheInterval()
    {
        using var refresh = new CountingRefresh();
        await using var running = await Running.StartAsync(refresh, _never, _soon);
        for (var landing = 1; landing <= 3; landing++)
        {
            await running.PublishAsync(new PurchasesLanded(landing, 10, new Dictionary<int, long>(), null, null));
            await refresh.ReachedAsync(landing);
        }
    }

    [Fact]
    public async Task Loop_ARefreshFails_GoesOn()
    {
        using var refresh = new CountingRefresh
        {
            Fail = call => call switch { 1 => new TransientException("away"), 2 => new InvalidOperationException("broken"), _ => null },
        };
        await using var running = await Running.StartAsync(refresh, _soon, _soon);

        await refresh.ReachedAsync(3);
    }

    [Fact]
    public void Signal_ManyLandings_IsOneUntilTaken()
    {
        var signal = new RefreshSignal();
        Assert.False(signal.WaitAsync(default).IsCompleted);
        signal.Set();
        signal.Set();
        Assert.True(signal.WaitAsync(default).IsCompleted);
        signal.Take();
        Assert.False(signal.WaitAsync(default).IsCompleted);
    }

    private sealed class Running(ServiceProvider provider, RefreshLoop loop) : IAsyncDisposable
    {
        public static async Task<Running> StartAsync(CountingRefresh refresh, TimeSpan interval, TimeSpan least)
        {
            var signal = new RefreshSignal();
            var services = new ServiceCollection();
            services.AddMediation();
            services.AddSingleton(signal);
            services.AddSingleton<IRequestHandler<RefreshRepeatPurchases, RefreshResult>>(refresh);
            services.AddSingleton<INotificationHandler<PurchasesLanded>, RefreshAfterLanding>();
            var provider = services.BuildServiceProvider();
            var options = Options.Create(new AnalyticsOptions { RefreshInterval = interval, MinRefreshInterval = least });
            var scopes = provider.GetRequiredService<IServiceScopeFactory>();
            var loop = new RefreshLoop(scopes, signal, options, TimeProvider.System, NullLogger<RefreshLoop>.Instance);
            await loop.StartAsync(default);
            return new Running(provider, loop);
        }

        public async Task PublishAsync(PurchasesLanded landed)
        {
            await using var scope = provider.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<IMediator>().Publish(landed);
        }

        public async ValueTask DisposeAsync()
        {
            await loop.StopAsync(default);
            loop.Dispose();
            await provider.DisposeAsync();
        }
    }

    private sealed class CountingRefresh : IRequestHandler<RefreshRepeatPurchases, RefreshResult>, IDisposable
    {
        private readonly SemaphoreSlim _calls = new(0);
        private int _count;
        private int _reached;

        public Func<int, Exception?> Fail { get; init; } = _ => null;

        public Task<RefreshResult> Handle(RefreshRepeatPurchases request, CancellationToken cancellationToken)
        {
            Assert.False(request.Wait);
            var call = Interlocked.Increment(ref _count);
            _calls.Release();
            return Fail(call) is { } error ? throw error : Task.FromResult(new RefreshResult(RefreshOutcome.Unchanged, null, null, 0));
        }

        public void Dispose() => _calls.Dispose();

        public async Task ReachedAsync(int count)
        {
            for (; _reached < count; _reached++)
                Assert.True(await _calls.WaitAsync(TimeSpan.FromSeconds(30)));
        }
    }
}
