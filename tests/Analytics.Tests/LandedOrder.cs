using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

/// <summary>An order as it lies in the lake.</summary>
public sealed record LandedOrder(RetailOrder Order, int Partition, long Offset, DateTimeOffset IngestedAt)
{
    /// <summary>Of the rows of one OrderId the one that the log took first counts.</summary>
    public static RetailReference Reference(IEnumerable<LandedOrder> landed) =>
        new(landed.OrderBy(o => o.IngestedAt).ThenBy(o => o.Partition).ThenBy(o => o.Offset).Select(o => o.Order));
}
