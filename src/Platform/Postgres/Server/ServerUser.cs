using System.Globalization;

namespace Pipeline.Postgres.Server;

/// <summary>
/// Who the server runs as. PostgreSQL refuses to run as root, so a host that is root picks an unprivileged user; any other host runs it as itself.
/// </summary>
/// <param name="Name">The user's name; null: the same user as the host.</param>
/// <param name="UserId">The numeric id, when <paramref name="Name"/> is set.</param>
/// <param name="GroupId">The numeric id of its main group, when <paramref name="Name"/> is set.</param>
internal sealed record ServerUser(string? Name, uint UserId, uint GroupId)
{
    private static readonly string[] _candidates = ["postgres", "_postgres", "nobody"];

    /// <summary>The host's own user, whoever that is.</summary>
    public static ServerUser Host { get; } = new(null, 0, 0);

    /// <summary>Decides on the user: the one asked for, else the owner of the cluster that exists, else the first known one.</summary>
    public static async Task<ServerUser> ResolveAsync(string? requested, string? existingCluster, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
            return Host;

        if (existingCluster is not null && await OwnerAsync(existingCluster, cancellationToken) is { } owner)
            return await FindAsync(owner, cancellationToken) ?? throw new TerminalException(
                $"The cluster {existingCluster} belongs to the user {owner}, which this machine does not know.");

        if (requested is not null)
            return await FindAsync(requested, cancellationToken) ?? throw new TerminalException(
                $"The user {requested}, as which PostgreSQL was to run, does not exist.");

        foreach (var candidate in _candidates)
        {
            if (await FindAsync(candidate, cancellationToken) is { } user)
                return user;
        }

        throw new TerminalException(
            $"PostgreSQL does not run as root, and no user {string.Join(", ", _candidates)} exists to run it as: create one or name another.");
    }

    /// <summary>Gives a file or folder to this user.</summary>
    public void Own(string path)
    {
        if (Name is not null)
            Native.ChangeOwner(path, UserId, GroupId);
    }

    private static async Task<string?> OwnerAsync(string path, CancellationToken cancellationToken)
    {
        var listed = await ServerCommand.RunAsync(Host, "ls", ["-ld", "--", path], null, cancellationToken);
        var fields = listed.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return listed.ExitCode == 0 && fields.Length > 3 ? fields[2] : null;
    }

    private static async Task<ServerUser?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var user = await ServerCommand.RunAsync(Host, "id", ["-u", "--", name], null, cancellationToken);
        var group = await ServerCommand.RunAsync(Host, "id", ["-g", "--", name], null, cancellationToken);
        if (user.ExitCode != 0 || group.ExitCode != 0)
            return null;
        var id = uint.Parse(user.Output, NumberStyles.Integer, CultureInfo.InvariantCulture);
        if (id == 0)
            throw new TerminalException($"PostgreSQL does not run as the user {name}, whose id is 0.");
        return new ServerUser(name, id, uint.Parse(group.Output, NumberStyles.Integer, CultureInfo.InvariantCulture));
    }
}
