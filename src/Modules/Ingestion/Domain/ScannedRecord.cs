namespace Pipeline.Ingestion.Domain;

/// <summary>Where a valid record and its key lie in the bytes of a request.</summary>
/// <param name="Start">First byte of the record.</param>
/// <param name="Length">Bytes of the record.</param>
/// <param name="KeyStart">First byte of the user id, without quotes.</param>
/// <param name="KeyLength">Bytes of the user id.</param>
/// <param name="ExpectedTotal">What TotalPrice should have been; null where it is right or not checked.</param>
internal readonly record struct ScannedRecord(int Start, int Length, int KeyStart, int KeyLength, decimal? ExpectedTotal = null);
