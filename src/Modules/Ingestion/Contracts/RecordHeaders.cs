namespace Pipeline.Ingestion.Contracts;

/// <summary>The names of the record headers that ingestion sets.</summary>
public static class RecordHeaders
{
    /// <summary>The request's idempotency key and the record's place in the request: <c>TOPIC/KEY/INDEX</c>.</summary>
    public const string IdempotencyKey = "idempotency-key";

    /// <summary>What TotalPrice should have been by the configured rule; a decimal number. Only on orders that break the rule.</summary>
    public const string TotalPriceExpected = "total-price-expected";

    /// <summary><see cref="IdempotencyKey"/> as it stands in a record.</summary>
    public static ReadOnlySpan<byte> IdempotencyKeyUtf8 => "idempotency-key"u8;

    /// <summary><see cref="TotalPriceExpected"/> as it stands in a record.</summary>
    public static ReadOnlySpan<byte> TotalPriceExpectedUtf8 => "total-price-expected"u8;
}
