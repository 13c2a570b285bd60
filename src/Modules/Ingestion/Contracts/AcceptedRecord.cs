namespace Pipeline.Ingestion.Contracts;

/// <summary>Where an accepted record is in the log; it is durable.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition, from 0.</param>
/// <param name="Offset">The offset in the partition, from 0.</param>
/// <param name="TotalPriceExpected">What TotalPrice should have been by the configured rule; absent where it is right or not checked.</param>
public sealed record AcceptedRecord(string Topic, int Partition, long Offset, decimal? TotalPriceExpected = null);
