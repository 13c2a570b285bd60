using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Tests.Support;

/// <summary>A row of the table as its readers see it; numbers as text with all their digits.</summary>
internal sealed record LandedRow(
    int Partition, long Offset, string SessionId, long TimeStamp, string UserId, string TotalPrice, string OrderId, string Products, string PaymentType,
    string OrderDate, long IngestedAt, string? TotalPriceExpected)
{
    /// <summary>All rows in the order of their positions.</summary>
    public static async Task<List<LandedRow>> ReadAsync(LakeCatalog lake)
    {
        var snapshot = await lake.Table(PurchasedItemsTable.Path).SnapshotAsync();
        using var database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
        using var connection = database.Connect();
        var rows = new List<LandedRow>();
        if (snapshot.FileCount == 0)
            return rows;
        await snapshot.CreateViewAsync(connection, "purchases");
        using var result = connection.Query(
            """
            SELECT _partition, _offset, SessionId, epoch_us("TimeStamp"), UserId, TotalPrice::VARCHAR, OrderId,
                to_json(list_transform(Products, lambda p: [p.ProductId, p.ItemCount::VARCHAR, p.ItemPrice::VARCHAR, p.ItemDiscount::VARCHAR]))::VARCHAR,
                PaymentType, OrderDate::VARCHAR, epoch_ms(_ingested_at), _total_price_expected::VARCHAR
            FROM purchases ORDER BY _partition, _offset
            """);
        while (result.ReadChunk(out var chunk))
        {
            for (var i = 0; i < chunk.RowCount; i++)
            {
                rows.Add(new LandedRow(
                    (int)chunk.Column(0).GetInt64(i), chunk.Column(1).GetInt64(i), chunk.Column(2).GetString(i), chunk.Column(3).GetInt64(i),
                    chunk.Column(4).GetString(i),
                    chunk.Column(5).GetString(i), chunk.Column(6).GetString(i), Normal(chunk.Column(7).GetString(i)), chunk.Column(8).GetString(i),
                    chunk.Column(9).GetString(i),
                    chunk.Column(10).GetInt64(i), chunk.Column(11).IsNull(i) ? null : chunk.Column(11).GetString(i)));
            }
        }

        return rows;
    }

    // The same escapes as the reference writes.
    private static string Normal(string json) => System.Text.Json.JsonSerializer.Serialize(System.Text.Json.JsonSerializer.Deserialize<string[][]>(json));
}
