using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Infrastructure.Definitions;

/// <summary>Reads the catalog when the host starts, soon after a file changed, and now and then, as not every file system tells of changes.</summary>
internal sealed class CatalogWatcher(IWorkflowCatalog catalog, IOptions<WorkflowsOptions> options, TimeProvider time, ILogger<CatalogWatcher> logger) : BackgroundService
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _settle = TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var changed = new SemaphoreSlim(0, 1);
        try
        {
            await catalog.RefreshAsync(stoppingToken);
            using var watcher = Watch(changed);
            while (true)
            {
                if (await WaitAsync(changed, stoppingToken))
                {
                    // Editors and copies write in more than one step.
                    await Task.Delay(_settle, time, stoppingToken);
                }

                await catalog.RefreshAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task<bool> WaitAsync(SemaphoreSlim changed, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_interval, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await changed.WaitAsync(both.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private FileSystemWatcher? Watch(SemaphoreSlim changed)
    {
        try
        {
            var watcher = new FileSystemWatcher(Path.GetFullPath(options.Value.Folder)) { IncludeSubdirectories = true };
            watcher.Changed += (_, _) => Signal();
            watcher.Created += (_, _) => Signal();
            watcher.Deleted += (_, _) => Signal();
            watcher.Renamed += (_, _) => Signal();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            // No folder, or no watches left: the interval serves.
            Log.NotWatched(logger, options.Value.Folder, e.Message);
            return null;
        }

        void Signal()
        {
            lock (changed)
            {
                if (changed.CurrentCount == 0)
                    changed.Release();
            }
        }
    }
}
