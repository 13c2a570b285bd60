namespace Pipeline.Ingestion.Domain;

/// <summary>What a record may hold; the same for the scanner and the validators.</summary>
/// <param name="Earliest">The earliest timestamp taken.</param>
/// <param name="Latest">The latest timestamp taken, as of now.</param>
/// <param name="TotalPrice">How TotalPrice is checked.</param>
internal readonly record struct RecordLimits(DateTimeOffset Earliest, DateTimeOffset Latest, TotalPriceRule TotalPrice = TotalPriceRule.Off)
{
    /// <summary>Characters of an id.</summary>
    public const int MaxId = 128;

    /// <summary>Characters of a payment type.</summary>
    public const int MaxPaymentType = 64;

    /// <summary>Pieces of one product in an order.</summary>
    public const int MaxItemCount = 1_000_000;

    /// <summary>Lines of one order.</summary>
    public const int MaxProducts = 1_000;

    /// <summary>The largest amount of money; it and everything below fits <c>DECIMAL(18,4)</c>.</summary>
    public const decimal MaxMoney = 1_000_000_000_000m;

    /// <summary>How far TotalPrice may be from the sum of its lines: shops round.</summary>
    public const decimal TotalPriceTolerance = 0.01m;
}

/// <summary>Which sum of the lines TotalPrice must equal; a mismatch marks the record and does not refuse it.</summary>
internal enum TotalPriceRule
{
    /// <summary>Not checked.</summary>
    Off,

    /// <summary>Sum of price × count.</summary>
    Gross,

    /// <summary>Sum of (price − discount) × count.</summary>
    Net,
}
