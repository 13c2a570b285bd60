using System.Globalization;
using System.IO.Compression;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>Unpacks members of a zip archive, under names of this program's own: what the archive calls them is for messages only.</summary>
internal static class ZipMembers
{
    private const int MostMembers = 10_000;
    private const long LeastLimit = 256L << 20;

    // Real data seldom shrinks to less than a fiftieth.
    private const long MostRatio = 200;

    /// <summary>The members that a pattern matches: their names where it has no slash, else their paths.</summary>
    public static async Task<IReadOnlyList<InputFile>> UnpackAsync(SqlSession session, InputFile archive, string? pattern, CancellationToken cancellationToken)
    {
        var glob = new Glob(pattern ?? "**");
        var byName = pattern is not null && !pattern.Contains('/', StringComparison.Ordinal);
        try
        {
            await using var stream = archive.Open();
            using var zip = new ZipArchive(stream, ZipArchiveMode.Read);
            var members = zip.Entries
                .Where(e => e.Name.Length > 0 && glob.IsMatch(byName ? e.Name : e.FullName))
                .OrderBy(e => e.FullName, StringComparer.Ordinal)
                .ToList();
            if (members.Count == 0)
                throw new TerminalException(
                    $"{archive.Name}: no member matches {pattern ?? "**"}; there are {string.Join(", ", zip.Entries.Take(5).Select(e => e.FullName))}.");
            if (members.Count > MostMembers)
                throw new TerminalException(
                    string.Create(CultureInfo.InvariantCulture, $"{archive.Name}: {members.Count} members match, which is more than {MostMembers}."));
            var files = new List<InputFile>(members.Count);
            var left = Math.Max(LeastLimit, new FileInfo(archive.Local).Length * MostRatio);
            foreach (var member in members)
            {
                var file = new InputFile(session.NewFile(Path.GetExtension(member.Name).ToLowerInvariant()), $"{archive.Name}!{member.FullName}");
                left -= await UnpackAsync(archive, member, file, left, cancellationToken);
                files.Add(file);
            }

            return files;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw InputFiles.Unreadable(archive.Name, e);
        }
    }

    private static async Task<long> UnpackAsync(InputFile archive, ZipArchiveEntry member, InputFile file, long limit, CancellationToken cancellationToken)
    {
        if (member.IsEncrypted)
            throw new TerminalException($"{file.Name} is encrypted.");
        await using var input = await member.OpenAsync(cancellationToken);
        await using var output = new FileStream(file.Local, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, FileOptions.Asynchronous);
        var buffer = new byte[256 << 10];
        var length = 0L;
        int read;
        while ((read = await input.ReadAsync(buffer, cancellationToken)) > 0)
        {
            // What the archive says of a length is not to be believed.
            length += read;
            if (length > limit)
                throw new TerminalException(string.Create(
                    CultureInfo.InvariantCulture, $"{archive.Name} unpacks to more than {MostRatio} times its size; it is taken for a zip bomb."));
            await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        if (length != member.Length)
            throw new InvalidDataException($"member {member.FullName} has {length} bytes instead of {member.Length}");
        return length;
    }
}
