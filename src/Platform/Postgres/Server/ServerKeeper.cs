using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pipeline.Postgres.Server;

/// <summary>
/// Watches the server of a running host and starts it again, on the same port, when it has ended: killed, or stopped by itself since the disk was full.
/// It tries until it succeeds or is disposed of; meanwhile the host's connections fail and say so.
/// </summary>
internal sealed class ServerKeeper : IAsyncDisposable
{
    private static readonly TimeSpan _shortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(15);

    private readonly Launcher _launcher;
    private readonly Adoption _adoption;
    private readonly ServerLayout _layout;
    private readonly string _password;
    private readonly bool _stopWithParent;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private Watchdog? _watchdog;
    private volatile Postmaster _server;

    public ServerKeeper(
        Postmaster server, Launcher launcher, Adoption adoption, ServerLayout layout, string password, bool stopWithParent, ILogger logger, TimeProvider time)
    {
        _server = server;
        _launcher = launcher;
        _adoption = adoption;
        _layout = layout;
        _password = password;
        _stopWithParent = stopWithParent;
        _logger = logger;
        _time = time;
        _watchdog = NewWatchdog();
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>The server as it was started last.</summary>
    public Postmaster Server => _server;

    /// <summary>Ends the watch; the server is left as it is.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _watchdog?.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        // Its end is not announced: it is not a child of this process.
        using var timer = new PeriodicTimer(OperatingSystem.IsLinux() ? _shortestPause : _longestPause, _time);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            if (_server.IsRunningIn(_layout.Cluster))
                continue;
            Log.Ended(_logger, _server.ProcessId, _layout.LogFile);
            await RestartAsync(_stop.Token);
        }
    }

    private async Task RestartAsync(CancellationToken cancellationToken)
    {
        var port = _server.Port;
        for (var pause = _shortestPause; ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            try
            {
                if ((await _launcher.StartAsync(port, cancellationToken) ?? await _adoption.TryAsync(_password, cancellationToken)) is { } server)
                {
                    _watchdog?.Dispose();
                    _server = server;
                    _watchdog = NewWatchdog();
                    Log.StartedAgain(_logger, server.Port, server.ProcessId);
                    return;
                }
            }
            catch (Exception e) when (e is TerminalException or IOException or UnauthorizedAccessException or NpgsqlException)
            {
                Log.NotStartedAgain(_logger, pause, e.Message);
            }

            await Task.Delay(pause, _time, cancellationToken);
        }
    }

    private Watchdog? NewWatchdog() => _stopWithParent ? new Watchdog(_server.ProcessId) : null;
}
