using Pipeline.Lake;

namespace Pipeline.Console.Pages.Lake;

/// <summary>Reads of tables whose names come from an address.</summary>
internal static class LakeReads
{
    /// <summary>A table as it is, or was in a version.</summary>
    /// <exception cref="TerminalException">There is no such table or version.</exception>
    public static async Task<DeltaSnapshot> ReadAsync(this LakeCatalog lake, string path, long? version = null) =>
        version is { } wanted ? await lake.Table(path).SnapshotAsync(wanted) : await lake.Table(path).SnapshotAsync();
}
