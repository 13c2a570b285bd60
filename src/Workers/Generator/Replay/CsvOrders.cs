using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CsvHelper;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Workers.Generator;

/// <summary>
/// Reads orders from a file in the format of the UCI "Online Retail" data set: RFC 4180, header, one line an invoice line, columns InvoiceNo,
/// StockCode, Description, Quantity, InvoiceDate (<c>MM-dd-yyyy HH:mm</c> or the original's <c>M/d/yyyy H:mm</c>, taken as UTC), UnitPrice,
/// CustomerID, Country in any order; Latin-1, or UTF-8 with a byte order mark.
/// </summary>
/// <remarks>
/// <para>One invoice is one order: OrderId = InvoiceNo, SessionId = <c>replay-</c>InvoiceNo, UserId = CustomerID, a Products line for each usable
/// line (ProductId = StockCode, ItemCount = Quantity, ItemPrice = UnitPrice, ItemDiscount = 0), TimeStamp = that of the first usable line,
/// TotalPrice = the sum of price × quantity. The data has no payment type; see <see cref="PaymentTypeOf"/>.</para>
/// <para>The file is streamed. An invoice is handed out when no line of it was among the last <c>window</c> lines, so its lines need not be
/// next to each other; a line that comes still later is reported as <see cref="CsvSkipReason.TooLate"/>. Memory is the lines of the window, and
/// about 100 bytes for each invoice of the file, by which late lines are known.</para>
/// </remarks>
public static class CsvOrders
{
    /// <summary>The default for how many lines an invoice stays open after its last one.</summary>
    public const int DefaultWindow = 10_000;

    private const int MaxId = 128;
    private const int MaxRecordSize = 1024 * 1024;

    // Positions in _columns.
    private const int InvoiceNo = 0;
    private const int StockCode = 1;
    private const int Quantity = 2;
    private const int InvoiceDate = 3;
    private const int UnitPrice = 4;
    private const int CustomerId = 5;

    private const decimal MaxPrice = 1_000_000_000_000m;

    private static readonly string[] _columns = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"];
    private static readonly string[] _dateFormats = ["MM-dd-yyyy HH:mm", "M/d/yyyy H:mm"];
    private static readonly string[] _paymentTypes = ["CreditCard", "DebitCard", "PayPal", "BankTransfer", "CashOnDelivery"];

    /// <summary>Reads the orders, in the order of the invoices' last lines.</summary>
    /// <param name="csv">The file; left open.</param>
    /// <param name="report">Filled while reading.</param>
    /// <param name="window">How many lines an invoice stays open after its last one, 1 or more.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="TerminalException">The header lacks a column, a quote does not close, or a record is longer than 1 MiB.</exception>
    public static async IAsyncEnumerable<PurchasedOrder> ReadAsync(
        Stream csv, CsvReport report, int window = DefaultWindow, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(csv);
        ArgumentNullException.ThrowIfNull(report);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        using var text = new StreamReader(csv, Encoding.Latin1, detectEncodingFromByteOrderMarks: true, bufferSize: 64 * 1024, leaveOpen: true);
        CsvMalformedReason? malformed = null;
        await using var reader = CsvReader.Create(text, new CsvReaderOptions
        {
            Separator = ',',
            TrackLineNumbers = true,
            MaxRecordSize = MaxRecordSize,
            OnMalformedRecord = record => malformed = record.Reason,
        });
        var columns = await ColumnsAsync(reader, cancellationToken);
        var invoices = new OpenInvoices(window, report);
        while (await ReadRecordAsync(reader, cancellationToken))
        {
            report.Read();
            if (Parse(reader, columns, malformed, report) is { } line)
                invoices.Add(line, report.Lines, reader.LineNumber);
            malformed = null;
            while (invoices.TakeClosed(report.Lines) is { } closed)
                yield return closed;
        }

        while (invoices.TakeClosed(long.MaxValue) is { } last)
            yield return last;
    }

    /// <summary>
    /// The payment type of an invoice: element h mod 5 of [CreditCard, DebitCard, PayPal, BankTransfer, CashOnDelivery], where h is the 32-bit
    /// FNV-1a hash of the number's UTF-8 bytes. Made up, but the same each time, so that analyses of a replay can be repeated.
    /// </summary>
    public static string PaymentTypeOf(string invoiceNo)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(invoiceNo))
            hash = (hash ^ b) * 16777619u;
        return _paymentTypes[hash % (uint)_paymentTypes.Length];
    }

    private static async Task<bool> ReadRecordAsync(CsvReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken);
        }
        catch (CsvFormatException e)
        {
            throw Unreadable(e);
        }
    }

    /// <summary>Where <see cref="_columns"/> are.</summary>
    private static async Task<int[]> ColumnsAsync(CsvReader reader, CancellationToken cancellationToken)
    {
        try
        {
            await reader.ReadHeaderAsync(cancellationToken);
        }
        catch (CsvFormatException e)
        {
            throw Unreadable(e);
        }

        var header = reader.Headers.ToArray();
        var columns = _columns
            .Select(name => Array.FindIndex(header, h => string.Equals(h.Trim(), name, StringComparison.OrdinalIgnoreCase)))
            .ToArray();
        var missing = _columns.Where((_, i) => columns[i] < 0).ToArray();
        if (missing.Length > 0)
            throw new TerminalException($"read the CSV: the header lacks {string.Join(", ", missing)}");
        return columns;
    }

    private static TerminalException Unreadable(CsvFormatException e) => new($"read the CSV at line {e.LineNumber}: {e.Message}", e);

    private static InvoiceLine? Parse(CsvReader reader, int[] columns, CsvMalformedReason? malformed, CsvReport report)
    {
        if (malformed == CsvMalformedReason.UnterminatedQuote)
            throw new TerminalException($"read the CSV: a quote in the record at line {reader.LineNumber} does not close before the end of the file");
        if (malformed == CsvMalformedReason.TextAfterClosingQuote)
            return Unreadable("text after a closing quote");
        if (reader.FieldCount <= columns.Max())
            return Unreadable($"{reader.FieldCount} fields");
        var invoice = Field(InvoiceNo);
        if (invoice.Length is 0 or > MaxId)
            return Unreadable($"InvoiceNo has {invoice.Length} characters");
        if (!int.TryParse(Field(Quantity), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var quantity))
            return Unreadable("Quantity is not a whole number");
        if (!DateTime.TryParseExact(Field(InvoiceDate), _dateFormats, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date))
            return Unreadable("InvoiceDate is not MM-dd-yyyy HH:mm");
        if (!decimal.TryParse(Field(UnitPrice), NumberStyles.Float, CultureInfo.InvariantCulture, out var price))
            return Unreadable("UnitPrice is not a number");
        if (Math.Abs(price) >= MaxPrice)
            return Unreadable("UnitPrice is beyond a million millions");
        var product = Field(StockCode);
        if (product.Length is 0 or > MaxId)
            return Unreadable($"StockCode has {product.Length} characters");
        var customer = Field(CustomerId);
        if (customer.Length > MaxId)
            return Unreadable($"CustomerID has {customer.Length} characters");

        if (invoice[0] is 'C' or 'c')
        {
            report.SkipCancellation(invoice);
            return null;
        }

        CsvSkipReason? reason =
            customer.Length == 0 ? CsvSkipReason.MissingCustomer
            : quantity <= 0 ? CsvSkipReason.QuantityNotPositive
            : price <= 0 ? CsvSkipReason.PriceNotPositive
            : null;
        if (reason is null)
            return new InvoiceLine(invoice, customer, new DateTimeOffset(date), new PurchasedProduct(product, quantity, price, 0m));
        report.Skip(reason.Value);
        return null;

        string Field(int column) => reader.GetString(columns[column]).Trim();

        InvoiceLine? Unreadable(string detail)
        {
            report.Skip(CsvSkipReason.Unreadable, reader.LineNumber, detail);
            return null;
        }
    }
}
