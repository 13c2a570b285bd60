using System.Globalization;
using System.Text;

namespace Pipeline.Testing;

/// <summary>
/// The five analytical answers computed over orders in plain C#, without anything of the product, to hold the product's answers against. The orders come
/// from a file of the UCI "Online Retail" format, read by a CSV reader of its own, or from the caller.
/// </summary>
/// <remarks>
/// Property names and the order of rows are those of the HTTP answers, so both can be compared as lists. Texts are compared by their UTF-8 bytes.
/// </remarks>
public sealed class RetailReference
{
    /// <summary>The environment variable that names the folder whose <c>data/online-retail.csv</c> is the real file.</summary>
    public const string SharedVariable = "PIPELINE_SHARED";

    /// <summary>Why a test on the real file is skipped where it is not there.</summary>
    public const string Missing = $"The file data/online-retail.csv is neither under {SharedVariable} nor in a folder 'shared' beside the checkout.";

    private static readonly string[] _paymentTypes = ["CreditCard", "DebitCard", "PayPal", "BankTransfer", "CashOnDelivery"];
    private static readonly Comparison<string> _utf8 = (a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
    private static readonly Comparer<string> _text = Comparer<string>.Create(_utf8);

    /// <summary>Takes orders as they are; of several with one OrderId the first counts.</summary>
    public RetailReference(IEnumerable<RetailOrder> orders) => Orders = [.. orders.DistinctBy(o => o.OrderId)];

    /// <summary>The orders, each OrderId once.</summary>
    public IReadOnlyList<RetailOrder> Orders { get; }

    /// <summary>The path of the real file; null where it is not there.</summary>
    public static string? FindFile()
    {
        var candidates = new List<string>();
        if (Environment.GetEnvironmentVariable(SharedVariable) is { Length: > 0 } shared)
            candidates.Add(shared);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            candidates.Add(Path.Combine(folder.FullName, "shared"));
        return candidates.Select(c => Path.Combine(c, "data", "online-retail.csv")).FirstOrDefault(File.Exists);
    }

    /// <summary>
    /// Reads a file. One invoice is one order: OrderId = InvoiceNo, UserId = CustomerID, SessionId = <c>replay-</c>InvoiceNo, TimeStamp = that of its first
    /// usable line as UTC, PaymentType by FNV-1a of the number, TotalPrice = sum of price × quantity; a usable line has a customer, a quantity and a price
    /// above 0, and is no cancellation.
    /// </summary>
    public static RetailReference Read(string path)
    {
        var rows = ParseCsv(File.ReadAllText(path, Encoding.Latin1));
        var column = rows[0].Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i);
        var usable =
            from row in rows.Skip(1)
            let invoice = row[column["InvoiceNo"]].Trim()
            let customer = row[column["CustomerID"]].Trim()
            let quantity = int.Parse(row[column["Quantity"]], CultureInfo.InvariantCulture)
            let price = decimal.Parse(row[column["UnitPrice"]], NumberStyles.Float, CultureInfo.InvariantCulture)
            where !invoice.StartsWith('C') && customer.Length > 0 && quantity > 0 && price > 0
            let date = DateTime.ParseExact(row[column["InvoiceDate"]], "MM-dd-yyyy HH:mm", CultureInfo.InvariantCulture)
            select (Invoice: invoice, Customer: customer, Date: date, Line: new RetailLine(row[column["StockCode"]].Trim(), quantity, price, 0m));
        return new RetailReference(
            from line in usable
            group line by line.Invoice into invoice
            let first = invoice.First()
            select new RetailOrder(
                invoice.Key, first.Customer, "replay-" + invoice.Key, new DateTimeOffset(first.Date, TimeSpan.Zero), PaymentTypeOf(invoice.Key),
                invoice.Sum(l => l.Line.ItemPrice * l.Line.ItemCount), [.. invoice.Select(l => l.Line)]));
    }

    /// <summary>The products by units sold.</summary>
    public IReadOnlyList<RetailProduct> TopProducts(int limit = int.MaxValue) =>
    [
        .. (from order in Orders
            from line in order.Lines
            group (order, line) by line.ProductId into product
            let units = product.Sum(p => (long)p.line.ItemCount)
            let revenue = product.Sum(p => (p.line.ItemPrice - p.line.ItemDiscount) * p.line.ItemCount)
            select new RetailProduct(product.Key, units, product.Select(p => p.order.OrderId).Distinct().Count(), revenue))
        .OrderByDescending(p => p.Units).ThenByDescending(p => p.Revenue).ThenBy(p => p.ProductId, _text).Take(limit),
    ];

    /// <summary>The payment types by orders; the share is rounded to six digits.</summary>
    public IReadOnlyList<RetailPayment> PaymentTypes() =>
    [
        .. Orders.GroupBy(o => o.PaymentType)
            .Select(p => new RetailPayment(p.Key, p.Count(), Math.Round((double)p.Count() / Orders.Count, 6)))
            .OrderByDescending(p => p.Orders).ThenBy(p => p.PaymentType, _text),
    ];

    /// <summary>The customers by their highest order among those with <c>until - hours &lt; TimeStamp &lt;= until</c>.</summary>
    public IReadOnlyList<RetailCustomer> TopCustomers(DateTimeOffset until, int hours = 1, int limit = int.MaxValue) =>
    [
        .. (from order in Orders
            where order.TimeStamp > until.AddHours(-hours) && order.TimeStamp <= until
            group order by order.UserId into user
            let highest = user.OrderByDescending(o => o.TotalPrice).ThenBy(o => o.OrderId, _text).First()
            select new RetailCustomer(user.Key, highest.TotalPrice, highest.OrderId, user.Count(), user.Sum(o => o.TotalPrice)))
        .OrderByDescending(c => c.HighestOrder).ThenBy(c => c.UserId, _text).Take(limit),
    ];

    /// <summary>Who bought what in more than one order.</summary>
    public IReadOnlyList<RetailRepeat> RepeatPurchases() =>
    [
        .. (from order in Orders
            from line in order.Lines
            group (order, line) by (order.UserId, line.ProductId) into pair
            let orders = pair.Select(p => p.order.OrderId).Distinct().Count()
            where orders > 1
            select new RetailRepeat(pair.Key.UserId, pair.Key.ProductId, orders, pair.Sum(p => (long)p.line.ItemCount)))
        .OrderByDescending(r => r.Orders).ThenBy(r => r.UserId, _text).ThenBy(r => r.ProductId, _text),
    ];

    /// <summary>The products by how often they were bought again: orders of a customer after the first one with the product.</summary>
    public IReadOnlyList<RetailRepurchase> MostRepurchased(int limit = int.MaxValue) =>
    [
        .. RepeatPurchases().GroupBy(r => r.ProductId)
            .Select(p => new RetailRepurchase(p.Key, p.Count(), p.Sum(r => r.Orders - 1)))
            .OrderByDescending(p => p.RepeatOrders).ThenByDescending(p => p.Customers).ThenBy(p => p.ProductId, _text).Take(limit),
    ];

    private static string PaymentTypeOf(string invoice)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(invoice))
            hash = unchecked((hash ^ b) * 16777619u);
        return _paymentTypes[hash % 5];
    }

    // RFC 4180: a quote at its begin opens a field that may hold commas and line ends; two quotes in it are one. Elsewhere a quote is a character.
    private static List<List<string>> ParseCsv(string text)
    {
        var rows = new List<List<string>>();
        var row = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                field.Append(text[++i]);
            else if (c == '"' && (quoted || field.Length == 0))
                quoted = !quoted;
            else if (quoted || c is not (',' or '\n' or '\r'))
                field.Append(c);
            else if (c == ',')
                EndField();
            else if (c == '\n')
                EndRow();
        }

        if (field.Length > 0 || row.Count > 0)
            EndRow();
        return rows;

        void EndField()
        {
            row.Add(field.ToString());
            field.Clear();
        }

        void EndRow()
        {
            EndField();
            rows.Add(row);
            row = [];
        }
    }
}
