using System.Globalization;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Purchases.Application;
using Pipeline.Purchases.Domain;
using Table = Pipeline.Purchases.Contracts.PurchasedItemsTable;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>The table's definition and the SELECT that turns the lines of a landing into its rows.</summary>
internal static class LandingSql
{
    /// <summary>
    /// The engine's reader allots buffers of twice this size to each thread and fills them before it gives the first row. Small ones divide a file
    /// evenly among the threads.
    /// </summary>
    private const int SmallestObject = 1 << 18;

    private static readonly DeltaType s_money = DeltaType.Decimal(Money.Precision, Money.Scale);

    private static readonly DeltaType s_products = DeltaType.Array(
        DeltaType.Struct(
            new DeltaField("ProductId", DeltaType.String),
            new DeltaField("ItemCount", DeltaType.Integer),
            new DeltaField("ItemPrice", s_money),
            new DeltaField("ItemDiscount", s_money)));

    public static DeltaTableDefinition Definition { get; } = new()
    {
        Schema = new DeltaSchema(
            new DeltaField(Table.SessionId, DeltaType.String, Nullable: false),
            new DeltaField(Table.TimeStamp, DeltaType.Timestamp, Nullable: false),
            new DeltaField(Table.UserId, DeltaType.String, Nullable: false),
            new DeltaField(Table.TotalPrice, s_money, Nullable: false),
            new DeltaField(Table.OrderId, DeltaType.String, Nullable: false),
            new DeltaField(Table.Products, s_products, Nullable: false),
            new DeltaField(Table.PaymentType, DeltaType.String, Nullable: false),
            new DeltaField(Table.OrderDate, DeltaType.Date, Nullable: false),
            new DeltaField(Table.Partition, DeltaType.Integer, Nullable: false),
            new DeltaField(Table.Offset, DeltaType.Long, Nullable: false),
            new DeltaField(Table.IngestedAt, DeltaType.Timestamp, Nullable: false),
            new DeltaField(Table.TotalPriceExpected, s_money)),
        PartitionColumns = [Table.OrderDate],
        Description = "Every order of topic PurchasedItem once",
    };

    /// <summary>The rows of a landing, by the names of the table.</summary>
    public static string Rows(Landing landing) =>
        $"""
        SELECT s AS "SessionId", make_timestamptz(t) AS "TimeStamp", u AS "UserId", a AS "TotalPrice", d AS "OrderId", l AS "Products", y AS "PaymentType",
            CAST(make_timestamp(t) AS DATE) AS "OrderDate",
            CAST(k[1] AS INTEGER) AS "_partition", k[2] AS "_offset", make_timestamptz(k[3] * 1000) AS "_ingested_at", e AS "_total_price_expected"
        FROM {Lines(landing)}
        """;

    /// <summary>The positions of the lines that become whole rows.</summary>
    public static string GoodPositions(Landing landing) => $"SELECT k[1], k[2] FROM {Lines(landing, lenient: true)} WHERE {IsWhole}";

    private const string IsWhole =
        "s IS NOT NULL AND t IS NOT NULL AND u IS NOT NULL AND a IS NOT NULL AND d IS NOT NULL AND len(l) > 0 AND y IS NOT NULL "
        + "AND k[1] IS NOT NULL AND k[2] IS NOT NULL AND k[3] IS NOT NULL "
        + "AND len(list_filter(l, lambda x: x.ProductId IS NULL OR x.ItemCount IS NULL OR x.ItemPrice IS NULL OR x.ItemDiscount IS NULL)) = 0";

    private static string Lines(Landing landing) => landing.Refused.Count == 0
        ? Lines(landing, lenient: false)
        : $"(FROM {Lines(landing, lenient: true)} WHERE {IsWhole})";

    private static string Lines(Landing landing, bool lenient)
    {
        var longest = Math.Max(SmallestObject, landing.LongestLine + 1).ToString(CultureInfo.InvariantCulture);
        return $"read_json({Sql.Literal(landing.File.Path)}, format = 'newline_delimited', compression = 'uncompressed', maximum_object_size = {longest}, "
            + $"ignore_errors = {(lenient ? "true" : "false")}, columns = {{{Columns}}})";
    }

    // The names that Landing and OrderScanner write; k is [partition, offset, milliseconds].
    private static readonly string Columns =
        $"k: 'BIGINT[]', t: 'BIGINT', s: 'VARCHAR', u: 'VARCHAR', a: '{s_money.ToSql()}', d: 'VARCHAR', "
        + $"l: '{s_products.ToSql()}', y: 'VARCHAR', e: '{s_money.ToSql()}'";
}
