namespace Pipeline.Workers.Generator;

/// <summary>Why a line of a retail file is not part of an order. A line counts for the first reason that holds, in this order.</summary>
public enum CsvSkipReason
{
    /// <summary>It cannot be read: missing or too long fields, a number or a date that is none.</summary>
    Unreadable,

    /// <summary>Its InvoiceNo starts with C.</summary>
    Cancellation,

    /// <summary>It has no CustomerID.</summary>
    MissingCustomer,

    /// <summary>Its Quantity is 0 or less.</summary>
    QuantityNotPositive,

    /// <summary>Its UnitPrice is 0 or less.</summary>
    PriceNotPositive,

    /// <summary>Its invoice belongs to another customer by the invoice's first usable line.</summary>
    OtherCustomer,

    /// <summary>Its invoice was closed: the lines before it are further away than the window.</summary>
    TooLate,
}

/// <summary>A line that is not part of an order, for showing.</summary>
/// <param name="Line">The number of the line of the file on which the record starts, from 1.</param>
/// <param name="Reason">Why.</param>
/// <param name="Detail">What exactly, in a few words.</param>
public sealed record CsvProblem(long Line, CsvSkipReason Reason, string Detail);

/// <summary>What a retail file holds, filled while it is read. Not safe for reading from another thread while the file is read.</summary>
public sealed class CsvReport
{
    private const int MaxProblems = 20;

    private readonly long[] _skipped = new long[Enum.GetValues<CsvSkipReason>().Length];
    private readonly HashSet<string> _cancelledInvoices = new(StringComparer.Ordinal);
    private readonly List<CsvProblem> _problems = [];

    /// <summary>Records read, the header not counted.</summary>
    public long Lines { get; private set; }

    /// <summary>Records that are part of an order: those with a customer, a quantity and a price.</summary>
    public long OrderLines { get; private set; }

    /// <summary>Orders: distinct invoices with at least one usable line. Counts only those that the reader has handed out.</summary>
    public long Orders { get; private set; }

    /// <summary>Sum of the orders' totals.</summary>
    public decimal Revenue { get; private set; }

    /// <summary>The timestamp of the earliest order.</summary>
    public DateTimeOffset? From { get; private set; }

    /// <summary>The timestamp of the latest order.</summary>
    public DateTimeOffset? To { get; private set; }

    /// <summary>Distinct cancelled invoices.</summary>
    public int CancelledInvoices => _cancelledInvoices.Count;

    /// <summary>The first lines that could not be read or placed: not those that are merely cancelled or lack a customer, quantity or price.</summary>
    public IReadOnlyList<CsvProblem> Problems => _problems;

    /// <summary>Lines that are not part of an order.</summary>
    public long SkippedLines => _skipped.Sum();

    /// <summary>Lines that are not part of an order for this reason.</summary>
    public long Skipped(CsvSkipReason reason) => _skipped[(int)reason];

    internal void Read() => Lines++;

    internal void Take() => OrderLines++;

    internal void Skip(CsvSkipReason reason) => _skipped[(int)reason]++;

    internal void SkipCancellation(string invoice)
    {
        Skip(CsvSkipReason.Cancellation);
        _cancelledInvoices.Add(invoice);
    }

    internal void Skip(CsvSkipReason reason, long line, string detail)
    {
        Skip(reason);
        if (_problems.Count < MaxProblems)
            _problems.Add(new CsvProblem(line, reason, detail));
    }

    internal void HandOut(DateTimeOffset timeStamp, decimal totalPrice)
    {
        Orders++;
        Revenue += totalPrice;
        From = From is { } from && from <= timeStamp ? from : timeStamp;
        To = To is { } to && to >= timeStamp ? to : timeStamp;
    }
}
