using Microsoft.Extensions.Logging;

namespace Pipeline.Postgres.Server;

/// <summary>Stops a server: orderly, and at once when that takes too long.</summary>
internal static class Stopper
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _forced = TimeSpan.FromSeconds(1);

    public static async Task StopAsync(Postmaster server, string cluster, TimeSpan timeout, ILogger logger, TimeProvider time)
    {
        var started = time.GetTimestamp();
        if (!server.IsRunningIn(cluster))
            return;
        if (Native.Signal(server.ProcessId, Native.Interrupt) && !await EndedAsync(server, cluster, timeout, time))
        {
            Log.StopForced(logger, server.ProcessId, timeout);
            Native.Signal(server.ProcessId, Native.Quit);
            if (!await EndedAsync(server, cluster, _forced, time))
                Native.Signal(server.ProcessId, Native.Kill);
            await EndedAsync(server, cluster, _forced, time);
        }

        Log.Stopped(logger, server.ProcessId, (long)time.GetElapsedTime(started).TotalMilliseconds);
    }

    /// <summary>Waits for the end of a process that is not our child, which no signal announces.</summary>
    public static async Task<bool> EndedAsync(Postmaster server, string cluster, TimeSpan timeout, TimeProvider time)
    {
        var started = time.GetTimestamp();
        while (server.IsRunningIn(cluster))
        {
            if (time.GetElapsedTime(started) > timeout)
                return false;
            await Task.Delay(_poll, time);
        }

        return true;
    }
}
