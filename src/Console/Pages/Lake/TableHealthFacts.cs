using System.Globalization;
using Pipeline.Lake;

namespace Pipeline.Console.Pages.Lake;

/// <summary>Whether a table is in a form that is fast to read.</summary>
/// <param name="Files">Its files.</param>
/// <param name="SmallFiles">Those below <see cref="SmallBytes"/>.</param>
/// <param name="MedianBytes">The size that half of the files have at most.</param>
/// <param name="Checkpoint">The version of the newest checkpoint; null where there is none.</param>
/// <param name="CommitsSince">The commits after it.</param>
internal sealed record TableHealthFacts(int Files, int SmallFiles, long MedianBytes, long? Checkpoint, long CommitsSince)
{
    /// <summary>A file below this size costs more to open than to read.</summary>
    public const long SmallBytes = 8 << 20;

    /// <summary>Fewer commits than this after a checkpoint are read in no time.</summary>
    public const long ManyCommits = 100;

    private const int ManyFiles = 64;
    private const int DigitsOfVersion = 20;

    /// <summary>Whether compaction would help.</summary>
    public bool ManySmall => SmallFiles > ManyFiles;

    /// <summary>Looks at a table.</summary>
    public static async Task<TableHealthFacts> OfAsync(LakeCatalog lake, string path)
    {
        var table = await lake.ReadAsync(path);
        long? checkpoint = null;
        await foreach (var file in lake.Store.ListAsync(ObjectPath.Parse(path).Combine("_delta_log")))
        {
            if (file.Path.Name.Contains(".checkpoint.", StringComparison.Ordinal)
                && long.TryParse(file.Path.Name.AsSpan(0, DigitsOfVersion), CultureInfo.InvariantCulture, out var version) && !(version < checkpoint))
                checkpoint = version;
        }

        var sizes = table.Files.Select(f => f.Size).Order().ToList();
        return new TableHealthFacts(
            sizes.Count, sizes.Count(s => s < SmallBytes), sizes.Count == 0 ? 0 : sizes[(sizes.Count - 1) / 2], checkpoint, table.Version - (checkpoint ?? -1));
    }
}
