using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pipeline.Postgres.Server;

/// <summary>Starts the server of a cluster and waits until it accepts connections.</summary>
internal sealed class Launcher(
    PrivatePostgresOptions options, ServerLayout layout, ServerEngine engine, ServerUser user, ILogger logger, TimeProvider time)
{
    private const int PortAttempts = 20;
    private const long LogLimit = 8 << 20;
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _orphanPatience = TimeSpan.FromSeconds(1);

    /// <param name="keptPort">The only port to listen on: that of a server which others know already; null chooses one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The server; null when another start, of a host that was killed meanwhile, came first: that server can be taken over.</returns>
    /// <exception cref="TerminalException">It does not start; the message holds the last lines of its log.</exception>
    public async Task<Postmaster?> StartAsync(int? keptPort, CancellationToken cancellationToken)
    {
        CheckPaths();
        PrepareLog();
        var started = time.GetTimestamp();
        var port = keptPort ?? FirstPort();
        for (var attempt = 1; ; attempt++)
        {
            await RemoveStaleFileAsync(cancellationToken);
            ServerConfiguration.Write(layout, engine, port, options.Settings);
            var logStart = new FileInfo(layout.LogFile).Length;
            var (server, failure) = await LaunchAsync(cancellationToken);
            if (server is not null)
                return server;

            var said = TailOfLog(logStart);
            var inTime = time.GetElapsedTime(started) < options.StartTimeout;
            if (said.Contains("lock file \"postmaster.pid\" already exists", StringComparison.Ordinal) && inTime)
                return null;
            if (said.Contains("could not bind", StringComparison.Ordinal) && options.Port == 0 && keptPort is null && attempt < PortAttempts && inTime)
            {
                Log.PortTaken(logger, port);
                port = FreePort();
            }
            else if (said.Contains("pre-existing shared memory block", StringComparison.Ordinal) && inTime)
            {
                await EndOrphansAsync(cancellationToken);
            }
            else
            {
                throw new TerminalException($"Start PostgreSQL in {layout.Cluster}: {failure}. The end of {layout.LogFile}:\n{said}");
            }
        }
    }

    private async Task<(Postmaster? Server, string Failure)> LaunchAsync(CancellationToken cancellationToken)
    {
        // pg_ctl puts the server into a session of its own (a Ctrl-C at the terminal is for the host alone) and its output into the log file.
        var seconds = ((int)options.StartTimeout.TotalSeconds + 1).ToString(CultureInfo.InvariantCulture);
        string[] arguments =
        [
            "start", "-w", "-s", "-t", seconds, "-D", layout.Cluster, "-l", layout.LogFile, "-p", engine.Program("postgres"),
            "-o", $"-c config_file={Quote(layout.Configuration)}",
        ];
        using var control = ServerCommand.Start(user, engine.Program("pg_ctl"), arguments, engine.Libraries, redirectInput: false);
        var errors = control.StandardError.ReadToEndAsync(cancellationToken);
        var output = control.StandardOutput.ReadToEndAsync(cancellationToken);
        try
        {
            // Its own wait looks ten times a second; this one sees the server earlier.
            while (!control.HasExited)
            {
                if (Postmaster.Read(layout.Cluster) is { IsReady: true } server && server.IsRunningIn(layout.Cluster))
                    return (server, "");
                await Task.Delay(_poll, time, cancellationToken);
            }

            if (control.ExitCode == 0 && Postmaster.Read(layout.Cluster) is { IsReady: true } late)
                return (late, "");
            return (null, $"pg_ctl ended with {control.ExitCode}: {(await errors + await output).Trim()}");
        }
        catch (OperationCanceledException)
        {
            if (!control.HasExited)
                control.Kill();
            if (Postmaster.Read(layout.Cluster) is { } half && half.IsRunningIn(layout.Cluster))
                Native.Signal(half.ProcessId, Native.Quit);
            throw;
        }
    }

    /// <summary>
    /// PostgreSQL deals with a file left by a dead server itself, but takes any living process of its user that has got the same id for that server,
    /// and does not start over a file that is cut short.
    /// </summary>
    private async Task RemoveStaleFileAsync(CancellationToken cancellationToken)
    {
        var file = Postmaster.FileOf(layout.Cluster);
        if (!File.Exists(file))
            return;
        var left = Postmaster.Read(layout.Cluster);
        if (left is null)
        {
            // A server that starts at this moment fills it within milliseconds.
            await Task.Delay(_poll * 20, time, cancellationToken);
            left = Postmaster.Read(layout.Cluster);
        }

        if (left is not null && (left.IsRunningIn(layout.Cluster) || !Native.Exists(left.ProcessId)))
            return;
        File.Delete(file);
        Log.StaleFileRemoved(logger, file, left?.ProcessId ?? 0);
    }

    /// <summary>
    /// The children of a server that was killed end by themselves as soon as they notice, which one that computes may not do for hours;
    /// until then no server can start.
    /// </summary>
    private async Task EndOrphansAsync(CancellationToken cancellationToken)
    {
        var orphans = ServerProcesses.Of(layout.Cluster);
        foreach (var orphan in orphans)
        {
            Log.OrphanEnded(logger, orphan);
            Native.Signal(orphan, Native.Quit);
        }

        var started = time.GetTimestamp();
        while (ServerProcesses.Of(layout.Cluster).Count > 0 && time.GetElapsedTime(started) < _orphanPatience)
            await Task.Delay(_poll, time, cancellationToken);
        foreach (var orphan in ServerProcesses.Of(layout.Cluster).Intersect(orphans))
            Native.Signal(orphan, Native.Kill);
        await Task.Delay(_poll, time, cancellationToken);
    }

    /// <summary>pg_ctl puts these between double quotes of a shell, as they are.</summary>
    private void CheckPaths()
    {
        foreach (var path in (string[])[layout.Cluster, engine.Directory])
        {
            if (path.AsSpan().IndexOfAny("\"$`\\\n") >= 0)
                throw new TerminalException($"PostgreSQL cannot be started in a folder whose path has one of \" $ ` \\ or a line break: {path}");
        }
    }

    private void PrepareLog()
    {
        var log = new FileInfo(layout.LogFile);
        if (log.Exists && log.Length > LogLimit)
            File.Move(layout.LogFile, layout.LogFile + ".1", overwrite: true);
        if (!File.Exists(layout.LogFile))
            DurableFile.Create(layout.LogFile, "", Modes.Secret);
        user.Own(layout.LogFile);
    }

    private string TailOfLog(long from)
    {
        const int LongestTail = 4096;
        using var log = new FileStream(layout.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        log.Position = Math.Max(from, log.Length - LongestTail);
        using var reader = new StreamReader(log);
        return reader.ReadToEnd().Trim();
    }

    private int FirstPort()
    {
        if (options.Port != 0)
            return options.Port;
        if (options.FindFreePort is null && ServerConfiguration.LastPort(layout) is var last and > 0 && TryListen(last) == last)
            return last;
        return FreePort();
    }

    private int FreePort() => options.FindFreePort?.Invoke() ?? TryListen(0);

    private static int TryListen(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException) when (port != 0)
        {
            return 0;
        }
    }

    private static string Quote(string path) => $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
