using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Postgres.Server;

/// <summary>
/// Stops the server when this process ends in whatever way: a shell that waits for the end of a pipe, which the system closes with the process.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly Process _shell;

    public Watchdog(int processId) =>
        _shell = ServerCommand.Start(
            ServerUser.Host,
            "/bin/sh",
            ["-c", "trap '' INT HUP; read -r _; kill -QUIT \"$1\" 2>/dev/null", "sh", processId.ToString(CultureInfo.InvariantCulture)],
            null,
            redirectInput: true);

    /// <summary>Calls it off; to be done before the server is stopped, so that its number never goes to another process meanwhile.</summary>
    public void Dispose()
    {
        _shell.Kill();
        _shell.WaitForExit();
        _shell.Dispose();
    }
}
