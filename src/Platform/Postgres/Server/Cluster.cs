using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Pipeline.Postgres.Server;

/// <summary>The files of PostgreSQL itself: made at the first start, complete or not at all, and the password that opens them.</summary>
internal sealed class Cluster(ServerLayout layout, ServerEngine engine, ServerUser user, ILogger logger)
{
    private const string Staging = "cluster.new-";

    /// <summary>The role that owns everything in the private server.</summary>
    public const string Role = "pipeline";

    /// <summary>Whether there is a cluster, as opposed to nothing or an empty folder.</summary>
    public bool Exists => Directory.Exists(layout.Cluster) && Directory.EnumerateFileSystemEntries(layout.Cluster).Any();

    /// <summary>The password of the role; null when there is no file of it.</summary>
    public string? Password => File.Exists(layout.Password) ? File.ReadAllText(layout.Password).Trim() : null;

    /// <summary>Refuses a folder that holds something else, or a cluster that this engine cannot run.</summary>
    public void Check()
    {
        var versionFile = Path.Combine(layout.Cluster, "PG_VERSION");
        if (!File.Exists(versionFile))
            throw new TerminalException($"{layout.Cluster} holds files, but is not a PostgreSQL cluster: move them away.");
        var version = File.ReadAllText(versionFile).Trim();
        if (version != engine.MajorVersion.ToString(CultureInfo.InvariantCulture))
        {
            throw new TerminalException(
                $"The cluster {layout.Cluster} was made by PostgreSQL {version}, and the engine here is {engine.Version}: "
                + $"dump it with version {version} and load it into a new data directory.");
        }
    }

    /// <summary>Removes what starts that broke off have left, which may hold the password.</summary>
    public void RemoveLeftovers()
    {
        foreach (var leftover in Directory.EnumerateDirectories(layout.ServerDirectory, Staging + "*"))
        {
            try
            {
                Directory.Delete(leftover, recursive: true);
            }
            catch (IOException e)
            {
                // The initdb of a host that was killed may still be writing to it; it harms nobody, and the next start tries again.
                Log.LeftoverKept(logger, leftover, e.Message);
            }
        }
    }

    /// <summary>Makes the cluster beside its place, and moves it there when it is complete and on disk.</summary>
    /// <returns>The password: the one on file, else a new random one, in a file that nobody but the host's user can read.</returns>
    public async Task<string> CreateAsync(CancellationToken cancellationToken)
    {
        if (Directory.Exists(layout.Cluster))
            Directory.Delete(layout.Cluster);
        var password = Password ?? NewPassword();
        DurableFile.Replace(layout.Password, password + "\n", Modes.Secret);

        var staging = Path.Combine(layout.ServerDirectory, $"{Staging}{Guid.NewGuid():N}");
        Directory.CreateDirectory(staging, Modes.Private);
        var passwordFile = Path.Combine(staging, "password");
        DurableFile.Create(passwordFile, password + "\n", Modes.Secret);
        user.Own(passwordFile);
        user.Own(staging);

        var cluster = Path.Combine(staging, "cluster");
        string[] arguments =
        [
            "-D", cluster, "-U", Role, $"--pwfile={passwordFile}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions", "--no-sync",
        ];
        await InitialiseAsync(arguments, cancellationToken);
        await InitialiseAsync(["-D", cluster, "--sync-only"], cancellationToken);

        Directory.Move(cluster, layout.Cluster);
        Native.SyncDirectory(layout.ServerDirectory);
        Directory.Delete(staging, recursive: true);
        Log.ClusterCreated(logger, layout.Cluster);
        return password;
    }

    /// <summary>Gives the role of a stopped cluster a new password, for when the file with the old one is lost.</summary>
    public async Task<string> ResetPasswordAsync(CancellationToken cancellationToken)
    {
        // The file comes last: should this break off before, the password is still lost, and the next start does it again.
        var password = NewPassword();
        string[] arguments = ["--single", "-D", layout.Cluster, "-c", "log_min_messages=fatal", "postgres"];
        var result = await engine.RunAsync(user, "postgres", arguments, cancellationToken, $"ALTER ROLE {Role} PASSWORD '{password}'\n");
        if (result.ExitCode != 0 || result.Errors.Contains("ERROR:", StringComparison.Ordinal))
            throw new TerminalException($"Reset the lost password of {layout.Cluster}: postgres ended with {result.ExitCode}.");
        DurableFile.Replace(layout.Password, password + "\n", Modes.Secret);
        Log.PasswordReset(logger, layout.Password);
        return password;
    }

    private static string NewPassword() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    private async Task InitialiseAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var result = await engine.RunAsync(user, "initdb", arguments, cancellationToken);
        if (result.ExitCode != 0)
            throw new TerminalException($"Create the PostgreSQL cluster {layout.Cluster}: initdb ended with {result.ExitCode}: {result.Summary}");
    }
}
