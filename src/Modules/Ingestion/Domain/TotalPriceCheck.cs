namespace Pipeline.Ingestion.Domain;

/// <summary>The optional check of an order's total against the sum of its lines.</summary>
internal static class TotalPriceCheck
{
    /// <summary>What one line adds to the total.</summary>
    public static decimal Line(TotalPriceRule rule, decimal price, decimal discount, int count) =>
        rule == TotalPriceRule.Net ? (price - discount) * count : price * count;

    /// <summary>The expected total where the given one is off by more than rounding, else null.</summary>
    public static decimal? Mismatch(TotalPriceRule rule, decimal total, decimal expected) =>
        rule != TotalPriceRule.Off && Math.Abs(total - expected) > RecordLimits.TotalPriceTolerance ? expected : null;
}
