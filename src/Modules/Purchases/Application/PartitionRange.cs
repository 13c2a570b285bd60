namespace Pipeline.Purchases.Application;

/// <summary>What a landing moves in one partition.</summary>
/// <param name="Expected">The last offset that the table must hold before the commit; null where it must hold none.</param>
/// <param name="Next">The offset after the last one of the landing.</param>
internal readonly record struct PartitionRange(long? Expected, long Next)
{
    /// <summary>The last offset that the table holds after the commit.</summary>
    public long Last => Next - 1;
}
