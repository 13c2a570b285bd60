using System.Globalization;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Purchases.Contracts;

/// <summary>
/// The Delta table that holds every order once, one row an order, partitioned by <see cref="OrderDate"/>. Any reader of Delta tables may read it; its
/// columns are a
/// public contract: columns may be added, none is renamed, retyped or dropped.
/// </summary>
/// <remarks>
/// <code>
/// SessionId             string not null
/// TimeStamp             timestamp not null        the order's moment in UTC; digits beyond a microsecond are dropped
/// UserId                string not null
/// TotalPrice            decimal(18,4) not null    rounded half away from zero
/// OrderId               string not null           the shop's number; a shop that sends an order twice makes two rows of one OrderId
/// Products              array of struct not null, one line or more:
///                       ProductId string, ItemCount integer, ItemPrice decimal(18,4), ItemDiscount decimal(18,4)
/// PaymentType           string not null
/// OrderDate             date not null             the date of TimeStamp in UTC; the partition column
/// _partition            integer not null          where the record is in topic PurchasedItem:
/// _offset               long not null             (_partition, _offset) is unique in the table
/// _ingested_at          timestamp not null        when the log took the record
/// _total_price_expected decimal(18,4)             what TotalPrice should have been by ingestion's rule; null unless the order breaks it
/// </code>
/// Its <c>txn</c> actions hold the last offset landed of each partition, see <see cref="TransactionApp"/>.
/// </remarks>
public static class PurchasedItemsTable
{
    /// <summary>The table's path in the lake.</summary>
    public const string Path = "raw/purchased_items";

    /// <summary>The shop session.</summary>
    public const string SessionId = "SessionId";

    /// <summary>The order's moment.</summary>
    public const string TimeStamp = "TimeStamp";

    /// <summary>Who ordered.</summary>
    public const string UserId = "UserId";

    /// <summary>The order's total as the shop computed it.</summary>
    public const string TotalPrice = "TotalPrice";

    /// <summary>The shop's number of the order.</summary>
    public const string OrderId = "OrderId";

    /// <summary>The order's lines.</summary>
    public const string Products = "Products";

    /// <summary>How it was paid.</summary>
    public const string PaymentType = "PaymentType";

    /// <summary>The date of <see cref="TimeStamp"/> in UTC.</summary>
    public const string OrderDate = "OrderDate";

    /// <summary>The record's partition in the topic.</summary>
    public const string Partition = "_partition";

    /// <summary>The record's offset in the partition.</summary>
    public const string Offset = "_offset";

    /// <summary>When the log took the record.</summary>
    public const string IngestedAt = "_ingested_at";

    /// <summary>What TotalPrice should have been.</summary>
    public const string TotalPriceExpected = "_total_price_expected";

    /// <summary>The application whose <c>txn</c> action holds the last offset landed of a partition.</summary>
    public static string TransactionApp(int partition) => TransactionPrefix + partition.ToString(CultureInfo.InvariantCulture);

    internal const string TransactionPrefix = "purchases/" + Topics.PurchasedItem + "/";
}
