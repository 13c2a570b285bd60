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
    private static readonly (string Name, string Type)[] _columns =
        [.. PurchaseTableDefinition.Definition.Schema.Fields.Select(f => (f.Name, f.Type.ToSql()))];

    private OrderScan? _scan;

    /// <inheritdoc />
    public IReadOnlyList<(string Name, string Type)> Columns => _columns;

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
