using System.Globalization;
using System.Security.Cryptography;

namespace Pipeline.Postgres.Server;

/// <summary>Makes the cluster at the first start: complete or not at all.</summary>
internal static class Cluster
{
    private const string Staging = "cluster.new-";

    /// <summary>The role that owns everything in the private server.</summary>
    public const string Role = "pipeline";

    /// <summary>Reads the password of the role, or makes a random one; nobody but the host's user can read the file.</summary>
    public static string ReadOrCreatePassword(ServerLayout layout)
    {
        if (File.Exists(layout.Password))
            return File.ReadAllText(layout.Password).Trim();
        if (Directory.Exists(layout.Cluster))
            throw new TerminalException($"The password of the cluster {layout.Cluster} is lost: {layout.Password} does not exist.");
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        DurableFile.Replace(layout.Password, password + "\n", Modes.Secret);
        return password;
    }

    /// <summary>Checks the cluster that exists, or makes it beside its place and moves it there when it is complete and on disk.</summary>
    /// <returns>Whether it was made.</returns>
    public static async Task<bool> EnsureAsync(ServerLayout layout, ServerEngine engine, ServerUser user, string password, CancellationToken cancellationToken)
    {
        foreach (var leftover in Directory.EnumerateDirectories(layout.ServerDirectory, Staging + "*"))
            Directory.Delete(leftover, recursive: true);

        if (Directory.Exists(layout.Cluster) && Directory.EnumerateFileSystemEntries(layout.Cluster).Any())
        {
            Check(layout, engine);
            return false;
        }

        if (Directory.Exists(layout.Cluster))
            Directory.Delete(layout.Cluster);
        await CreateAsync(layout, engine, user, password, cancellationToken);
        return true;
    }

    private static void Check(ServerLayout layout, ServerEngine engine)
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

    private static async Task CreateAsync(ServerLayout layout, ServerEngine engine, ServerUser user, string password, CancellationToken cancellationToken)
    {
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
        await RunAsync(engine, user, arguments, layout.Cluster, cancellationToken);
        await RunAsync(engine, user, ["-D", cluster, "--sync-only"], layout.Cluster, cancellationToken);

        Directory.Move(cluster, layout.Cluster);
        Native.SyncDirectory(layout.ServerDirectory);
        Directory.Delete(staging, recursive: true);
    }

    private static async Task RunAsync(ServerEngine engine, ServerUser user, string[] arguments, string cluster, CancellationToken cancellationToken)
    {
        var result = await engine.RunAsync(user, "initdb", arguments, cancellationToken);
        if (result.ExitCode != 0)
            throw new TerminalException($"Create the PostgreSQL cluster {cluster}: initdb ended with {result.ExitCode}: {result.Summary}");
    }
}
