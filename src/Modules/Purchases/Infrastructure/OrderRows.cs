using System.Globalization;
using Pipeline.DuckDb;
using Pipeline.Purchases.Application;
using Pipeline.Purchases.Domain;
using Table = Pipeline.Purchases.Contracts.PurchasedItemsTable;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>
/// The records of a landing as rows of the table: scanned while the engine reads them, by each of its threads, straight into its columns. Texts stay where they
/// lie. What is no order is put aside.
/// </summary>
internal sealed class OrderRows(Landing landing, int threads) : IDuckRowSource
{
    private static readonly string _money = string.Create(CultureInfo.InvariantCulture, $"DECIMAL({Money.Precision},{Money.Scale})");

    private OrderScan? _scan;

    /// <inheritdoc />
    public IReadOnlyList<(string Name, string Type)> Columns { get; } =
    [
        (Table.SessionId, "VARCHAR"),
        (Table.TimeStamp, "TIMESTAMP WITH TIME ZONE"),
        (Table.UserId, "VARCHAR"),
        (Table.TotalPrice, _money),
        (Table.OrderId, "VARCHAR"),
        (Table.Products, $"STRUCT(ProductId VARCHAR, ItemCount INTEGER, ItemPrice {_money}, ItemDiscount {_money})[]"),
        (Table.PaymentType, "VARCHAR"),
        (Table.OrderDate, "DATE"),
        (Table.Partition, "INTEGER"),
        (Table.Offset, "BIGINT"),
        (Table.IngestedAt, "TIMESTAMP WITH TIME ZONE"),
        (Table.TotalPriceExpected, _money),
    ];

    /// <summary>What the last scan found.</summary>
    public OrderScan Result => _scan ?? throw new InvalidOperationException("The rows were not read.");

    /// <inheritdoc />
    public IDuckRowScan BeginScan() => _scan = new OrderScan(landing.Batches, threads);

    /// <summary>The partition of the first order; null where there is no order.</summary>
    public Dictionary<string, string?>? FirstPartition()
    {
        var order = new ScannedOrder();
        foreach (var batch in landing.Batches)
        {
            foreach (var record in batch)
            {
                if (!OrderScanner.TryScan(record.Value, order, out _))
                    continue;
                var date = DateOnly.FromDateTime(OrderScan.Moment(order.TimeStamp).UtcDateTime);
                return new Dictionary<string, string?> { [Table.OrderDate] = date.ToString("O", CultureInfo.InvariantCulture) };
            }
        }

        return null;
    }
}
