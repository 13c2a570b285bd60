using Pipeline.Ingestion.Contracts;

namespace Pipeline.Workers.Generator;

/// <summary>A usable line of an invoice.</summary>
internal sealed record InvoiceLine(string Invoice, string Customer, DateTimeOffset TimeStamp, PurchasedProduct Product);

/// <summary>Joins the lines of invoices that are open at the same time; an invoice closes when its last line falls out of the window.</summary>
internal sealed class OpenInvoices(int window, CsvReport report)
{
    private readonly Dictionary<string, Invoice> _open = new(StringComparer.Ordinal);
    private readonly HashSet<string> _closed = new(StringComparer.Ordinal);
    private readonly Queue<(Invoice Invoice, long Record)> _recent = new();

    /// <summary>Takes a line; <paramref name="record"/> counts the file's records, <paramref name="fileLine"/> its physical lines.</summary>
    public void Add(InvoiceLine line, long record, long fileLine)
    {
        if (_closed.Contains(line.Invoice))
        {
            report.Skip(CsvSkipReason.TooLate, fileLine, $"invoice {line.Invoice} had no line in the {window} lines before");
            return;
        }

        if (!_open.TryGetValue(line.Invoice, out var invoice))
            _open.Add(line.Invoice, invoice = new Invoice(line));
        if (invoice.First.Customer != line.Customer)
        {
            report.Skip(CsvSkipReason.OtherCustomer, fileLine, $"invoice {line.Invoice} is of customer {invoice.First.Customer}, not {line.Customer}");
            return;
        }

        report.Take();
        invoice.Products.Add(line.Product);
        invoice.LastRecord = record;
        _recent.Enqueue((invoice, record));
    }

    /// <summary>The next order whose invoice has closed by now; null when there is none.</summary>
    public PurchasedOrder? TakeClosed(long now)
    {
        while (_recent.TryPeek(out var oldest) && now - oldest.Record >= window)
        {
            _recent.Dequeue();
            if (oldest.Invoice.LastRecord == oldest.Record)
                return Close(oldest.Invoice);
        }

        return null;
    }

    private PurchasedOrder Close(Invoice invoice)
    {
        var first = invoice.First;
        _open.Remove(first.Invoice);
        _closed.Add(first.Invoice);
        var total = 0m;
        foreach (var product in invoice.Products)
            total += product.ItemPrice * product.ItemCount;
        report.HandOut(first.TimeStamp, total);
        return new PurchasedOrder(
            "replay-" + first.Invoice, first.TimeStamp, first.Customer, total, first.Invoice, invoice.Products, CsvOrders.PaymentTypeOf(first.Invoice));
    }

    private sealed class Invoice(InvoiceLine first)
    {
        public InvoiceLine First { get; } = first;

        public List<PurchasedProduct> Products { get; } = [];

        public long LastRecord { get; set; }
    }
}
