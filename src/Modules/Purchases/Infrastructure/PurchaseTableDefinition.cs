using Pipeline.Lake;
using Pipeline.Purchases.Domain;
using Table = Pipeline.Purchases.Contracts.PurchasedItemsTable;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>The table as it is created.</summary>
internal static class PurchaseTableDefinition
{
    private static readonly DeltaType _money = DeltaType.Decimal(Money.Precision, Money.Scale);

    private static readonly DeltaType _products = DeltaType.Array(
        DeltaType.Struct(
            new DeltaField("ProductId", DeltaType.String),
            new DeltaField("ItemCount", DeltaType.Integer),
            new DeltaField("ItemPrice", _money),
            new DeltaField("ItemDiscount", _money)));

    public static DeltaTableDefinition Definition { get; } = new()
    {
        Schema = new DeltaSchema(
            new DeltaField(Table.SessionId, DeltaType.String, Nullable: false),
            new DeltaField(Table.TimeStamp, DeltaType.Timestamp, Nullable: false),
            new DeltaField(Table.UserId, DeltaType.String, Nullable: false),
            new DeltaField(Table.TotalPrice, _money, Nullable: false),
            new DeltaField(Table.OrderId, DeltaType.String, Nullable: false),
            new DeltaField(Table.Products, _products, Nullable: false),
            new DeltaField(Table.PaymentType, DeltaType.String, Nullable: false),
            new DeltaField(Table.OrderDate, DeltaType.Date, Nullable: false),
            new DeltaField(Table.Partition, DeltaType.Integer, Nullable: false),
            new DeltaField(Table.Offset, DeltaType.Long, Nullable: false),
            new DeltaField(Table.IngestedAt, DeltaType.Timestamp, Nullable: false),
            new DeltaField(Table.TotalPriceExpected, _money)),
        PartitionColumns = [Table.OrderDate],
        Description = "Every order of topic PurchasedItem once",
    };
}
