using System.Globalization;

namespace Pipeline.Postgres.Server;

/// <summary>Tells the processes of a cluster from all others: theirs is the program <c>postgres</c>, and they work in the cluster's folder.</summary>
internal static class ServerProcesses
{
    private const string Processes = "/proc";

    /// <summary>Whether a process is the server itself (the parent of the others) of a cluster.</summary>
    public static bool IsServer(int processId, string cluster)
    {
        if (!Directory.Exists($"{Processes}/self"))
            return IsListed(processId, cluster);

        // Its children call themselves "postgres: ...".
        return CommandIn(processId.ToString(CultureInfo.InvariantCulture), Native.RealPath(cluster)) is { } command && Path.GetFileName(command) == "postgres";
    }

    /// <summary>Every process that works in a cluster, be it the server or a child that outlived it; none where the system does not tell.</summary>
    public static IReadOnlyList<int> Of(string cluster)
    {
        if (!Directory.Exists($"{Processes}/self"))
            return [];
        var folder = Native.RealPath(cluster);
        return
        [
            .. Directory.EnumerateDirectories(Processes).Select(p => Path.GetFileName(p))
                .Where(p => char.IsAsciiDigit(p[0]) && CommandIn(p, folder) is { } command && command.Contains("postgres", StringComparison.Ordinal))
                .Select(p => int.Parse(p, NumberStyles.None, CultureInfo.InvariantCulture)),
        ];
    }

    /// <summary>The first word of a process's command line, if the process works in that folder.</summary>
    private static string? CommandIn(string process, string folder)
    {
        try
        {
            return new FileInfo($"{Processes}/{process}/cwd").LinkTarget == folder ? File.ReadAllText($"{Processes}/{process}/cmdline").Split('\0')[0] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone meanwhile, a zombie, or a process of somebody else, which our server never is.
            return null;
        }
    }

    private static bool IsListed(int processId, string cluster)
    {
        using var process = ServerCommand.Start(
            ServerUser.Host, "ps", ["-p", processId.ToString(CultureInfo.InvariantCulture), "-o", "stat=,command="], null, redirectInput: false);
        var listed = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return !listed.StartsWith('Z') && listed.Contains("postgres", StringComparison.Ordinal) && listed.Contains(cluster, StringComparison.Ordinal);
    }
}
