using System.Globalization;

namespace Pipeline.Postgres.Server;

/// <summary>What a server writes about itself into <c>postmaster.pid</c> of its cluster.</summary>
/// <param name="ProcessId">Process of the server.</param>
/// <param name="Port">TCP port; 0 while it is not known yet.</param>
/// <param name="Status"><c>starting</c>, <c>ready</c>, <c>stopping</c>, <c>standby</c>; empty while it is not known yet.</param>
internal sealed record Postmaster(int ProcessId, int Port, string Status)
{
    private const string FileName = "postmaster.pid";

    public bool IsReady => Status == "ready" && Port > 0;

    public static string FileOf(string cluster) => Path.Combine(cluster, FileName);

    /// <summary>Reads the file; null when there is none or it is only half written.</summary>
    public static Postmaster? Read(string cluster)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(FileOf(cluster));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        if (lines.Length == 0 || !int.TryParse(lines[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var processId) || processId <= 1)
            return null;
        var port = lines.Length > 3 && int.TryParse(lines[3], NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        return new Postmaster(processId, port, lines.Length > 7 ? lines[7].Trim() : "");
    }

    /// <summary>
    /// Whether the process is alive and really the server of this cluster, not another program that got the same id since. A zombie is not alive.
    /// </summary>
    public bool IsRunningIn(string cluster) => Native.Exists(ProcessId) && ServerProcesses.IsServer(ProcessId, cluster);
}
