using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Purchases.Contracts;
using Pipeline.Testing;

namespace Pipeline.Analytics.Tests;

/// <summary>A lake in a temporary folder, and a writer that lands orders in it as the purchases module does.</summary>
public sealed class OrderLake : IDisposable
{
    private const string Json = """[{"ProductId":"VARCHAR","ItemCount":"INTEGER","ItemPrice":"VARCHAR","ItemDiscount":"VARCHAR"}]""";
    private const string Struct = "STRUCT(ProductId VARCHAR, ItemCount INTEGER, ItemPrice DECIMAL(18,4), ItemDiscount DECIMAL(18,4))[]";

    private static readonly DeltaType _money = DeltaType.Decimal(18, 4);

    private readonly TempDirectory _folder = new();
    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
    private long _offset;

    public OrderLake() => Catalog = new LakeCatalog(
        ObjectStores.Open(_folder.FullPath, TimeProvider.System), new LakeOptions { EngineThreads = 1 }, TimeProvider.System, NullLogger<LakeCatalog>.Instance);

    public LakeCatalog Catalog { get; }

    public DeltaTable Table => Catalog.Table(PurchasedItemsTable.Path);

    /// <summary>Lands orders in one commit, in this order, each at the next offset of partition 0.</summary>
    public Task<long> LandAsync(params IEnumerable<RetailOrder> orders) =>
        LandAsync(orders.Select(o => new LandedOrder(o, 0, _offset++, DateTimeOffset.UnixEpoch.AddMilliseconds(_offset))));

    /// <summary>Lands orders in one commit.</summary>
    /// <returns>The version.</returns>
    public async Task<long> LandAsync(IEnumerable<LandedOrder> orders)
    {
        await Table.CreateIfNotExistsAsync(Definition);
        using var connection = _database.Connect();
        Stage(connection, orders);
        var files = await Table.WriteFilesAsync(
            connection,
            $"SELECT * REPLACE (from_json(Products, '{Json}')::{Struct} AS Products), (TimeStamp AT TIME ZONE 'UTC')::DATE AS OrderDate FROM staged");
        return (await Table.AppendAsync(new DeltaAppend { Files = files.Files })).Version;
    }

    /// <summary>Replaces all rows by what a SELECT over the view <c>before</c> gives.</summary>
    public async Task RewriteAsync(string select)
    {
        using var connection = _database.Connect();
        await (await Table.SnapshotAsync()).CreateViewAsync(connection, "before");
        connection.Execute($"CREATE TEMP TABLE after AS {select}");
        var files = await Table.WriteFilesAsync(connection, "SELECT * FROM after");
        await Table.OverwriteAsync(new DeltaOverwrite { Files = files.Files });
    }

    public void Dispose()
    {
        _database.Dispose();
        Catalog.Dispose();
        _folder.Dispose();
    }

    internal static DeltaTableDefinition Definition { get; } = new()
    {
        Schema = new DeltaSchema(
            new DeltaField("SessionId", DeltaType.String, Nullable: false),
            new DeltaField("TimeStamp", DeltaType.Timestamp, Nullable: false),
            new DeltaField("UserId", DeltaType.String, Nullable: false),
            new DeltaField("TotalPrice", _money, Nullable: false),
            new DeltaField("OrderId", DeltaType.String, Nullable: false),
            new DeltaField(
                "Products",
                DeltaType.Array(DeltaType.Struct(
                    new DeltaField("ProductId", DeltaType.String),
                    new DeltaField("ItemCount", DeltaType.Integer),
                    new DeltaField("ItemPrice", _money),
                    new DeltaField("ItemDiscount", _money))),
                Nullable: false),
            new DeltaField("PaymentType", DeltaType.String, Nullable: false),
            new DeltaField("OrderDate", DeltaType.Date, Nullable: false),
            new DeltaField("_partition", DeltaType.Integer, Nullable: false),
            new DeltaField("_offset", DeltaType.Long, Nullable: false),
            new DeltaField("_ingested_at", DeltaType.Timestamp, Nullable: false),
            new DeltaField("_total_price_expected", _money)),
        PartitionColumns = ["OrderDate"],
    };

    private static void Stage(DuckConnection connection, IEnumerable<LandedOrder> orders)
    {
        connection.Execute(
            """
            CREATE OR REPLACE TEMP TABLE staged (
                SessionId VARCHAR, TimeStamp TIMESTAMPTZ, UserId VARCHAR, TotalPrice DECIMAL(18,4), OrderId VARCHAR, Products VARCHAR,
                PaymentType VARCHAR, _partition INTEGER, _offset BIGINT, _ingested_at TIMESTAMPTZ)
            """);
        using var appender = connection.CreateAppender("staged");
        foreach (var (order, partition, offset, ingestedAt) in orders)
        {
            appender.BeginRow();
            appender.Append(order.SessionId);
            appender.Append(order.TimeStamp);
            appender.Append(order.UserId);
            appender.Append(order.TotalPrice);
            appender.Append(order.OrderId);
            appender.Append(JsonSerializer.Serialize(order.Lines));
            appender.Append(order.PaymentType);
            appender.Append(partition);
            appender.Append(offset);
            appender.Append(ingestedAt);
            appender.EndRow();
        }

        appender.Close();
    }
}
