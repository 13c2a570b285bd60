using Microsoft.Extensions.Logging;

namespace Pipeline.Postgres.Server;

/// <summary>
/// Where the files of a private server are. The host's own files are in <c>postgres</c> of the data directory. The server's are there, too,
/// unless its user cannot enter that folder: then they are in a folder of their own elsewhere, which the file <c>location</c> names.
/// </summary>
/// <param name="HostDirectory">Lock, password and location: read and written by the host only.</param>
/// <param name="ServerDirectory">Cluster, configuration and log.</param>
internal sealed record ServerLayout(string HostDirectory, string ServerDirectory)
{
    /// <summary>PostgreSQL's data directory.</summary>
    public string Cluster => Path.Combine(ServerDirectory, "cluster");

    public string Configuration => Path.Combine(ServerDirectory, "postgresql.conf");

    public string AccessRules => Path.Combine(ServerDirectory, "pg_hba.conf");

    public string IdentRules => Path.Combine(ServerDirectory, "pg_ident.conf");

    public string LogFile => Path.Combine(ServerDirectory, "postgres.log");

    public string Password => Path.Combine(HostDirectory, "password");

    public static string HostDirectoryOf(string dataDirectory) => Path.Combine(dataDirectory, "postgres");

    private static string LocationOf(string hostDirectory) => Path.Combine(hostDirectory, "location");

    /// <summary>The folder that an earlier start settled on; null before the first one.</summary>
    public static ServerLayout? Existing(string hostDirectory)
    {
        if (Location(hostDirectory) is not { } elsewhere)
        {
            var here = new ServerLayout(hostDirectory, hostDirectory);
            return Directory.Exists(here.Cluster) ? here : null;
        }

        if (!Directory.Exists(elsewhere))
            throw new TerminalException($"{LocationOf(hostDirectory)} says that the server's files are in {elsewhere}, which does not exist.");
        var owner = File.ReadAllText(OwnerOf(elsewhere)).Trim();
        if (owner != hostDirectory)
        {
            // A data directory that was moved keeps its cluster; one that was copied must not share it.
            if (Location(owner) == elsewhere)
            {
                throw new TerminalException(
                    $"{hostDirectory} is a copy of {owner}, whose cluster is in {elsewhere}: delete the copy's postgres folder to start it empty.");
            }

            DurableFile.Replace(OwnerOf(elsewhere), $"{hostDirectory}\n", Modes.Readable);
        }

        return new ServerLayout(hostDirectory, elsewhere);
    }

    /// <summary>Settles on a folder that the user can enter: tried out as that user.</summary>
    public static async Task<ServerLayout> ChooseAsync(
        string hostDirectory, string shared, ServerUser user, ILogger logger, CancellationToken cancellationToken)
    {
        if (await CanEnterAsync(hostDirectory, user, cancellationToken))
            return new ServerLayout(hostDirectory, hostDirectory);

        var elsewhere = Path.Combine(shared, Guid.NewGuid().ToString("N"));
        try
        {
            Modes.CreateDirectory(shared, Modes.Public);
            Modes.CreateDirectory(elsewhere, Modes.Passage);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new TerminalException($"User {user.Name} cannot enter {hostDirectory}, and no folder can be made for it in {shared}: {e.Message}", e);
        }

        if (!await CanEnterAsync(elsewhere, user, cancellationToken))
            throw new TerminalException($"User {user.Name}, as whom PostgreSQL runs, can enter neither {hostDirectory} nor {elsewhere}.");
        DurableFile.Create(OwnerOf(elsewhere), $"{hostDirectory}\n", Modes.Readable);
        DurableFile.Replace(LocationOf(hostDirectory), $"{elsewhere}\n", Modes.Readable);
        Log.Relocated(logger, hostDirectory, user.Name ?? "", elsewhere);
        return new ServerLayout(hostDirectory, elsewhere);
    }

    public async Task EnsureEnterableAsync(ServerUser user, CancellationToken cancellationToken)
    {
        if (!await CanEnterAsync(ServerDirectory, user, cancellationToken))
        {
            throw new TerminalException(
                $"The cluster {Cluster} belongs to user {user.Name}, who cannot enter a folder above it: let that user pass, or move it.");
        }
    }

    private static string? Location(string hostDirectory) =>
        File.Exists(LocationOf(hostDirectory)) ? File.ReadAllText(LocationOf(hostDirectory)).Trim() : null;

    private static string OwnerOf(string serverDirectory) => Path.Combine(serverDirectory, "owner");

    private static async Task<bool> CanEnterAsync(string directory, ServerUser user, CancellationToken cancellationToken)
    {
        if (user.Name is null)
            return true;
        var probe = await ServerCommand.RunAsync(user, "/bin/sh", ["-c", "test -x \"$1\"", "sh", directory], null, cancellationToken);
        return probe.ExitCode == 0;
    }
}
