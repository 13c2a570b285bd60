namespace Pipeline.Analytics.Domain;

/// <summary>A version of a Delta table.</summary>
/// <param name="Table">The table's id, which a table that was made anew does not share.</param>
/// <param name="Version">The version; -1 where there is no table.</param>
internal sealed record LakePosition(string Table, long Version)
{
    /// <summary>Where there is no table yet.</summary>
    public static LakePosition None { get; } = new("", -1);

    /// <summary>The version as answers give it.</summary>
    public long? Known => Version < 0 ? null : Version;
}
