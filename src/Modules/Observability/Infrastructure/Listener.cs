using Microsoft.Extensions.Hosting;

namespace Pipeline.Observability.Infrastructure;

/// <summary>Listens from before the first hosted service starts until the last one has stopped.</summary>
/// <typeparam name="T">The framework's listener.</typeparam>
internal abstract class Listener<T> : IHostedLifecycleService, IDisposable
    where T : class, IDisposable
{
    private T? _listener;

    /// <summary>What listens now; null before the start and after the end.</summary>
    protected T? Current => Volatile.Read(ref _listener);

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Begin(_listener = Create());
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        Interlocked.Exchange(ref _listener, null)?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The listener, which hears nothing yet.</summary>
    protected abstract T Create();

    /// <summary>Lets it listen.</summary>
    protected abstract void Begin(T listener);
}
