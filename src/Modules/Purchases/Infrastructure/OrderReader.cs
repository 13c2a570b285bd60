using Pipeline.DuckDb;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases.Domain;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>One thread's share of a scan.</summary>
internal sealed class OrderReader(OrderScan scan) : IDuckRowReader
{
    private const long MicrosPerDay = 86_400_000_000;
    private const int MicrosPerMillisecond = 1_000;

    private readonly ScannedOrder _order = new();
    private readonly List<((int Partition, long Offset) Position, NewRecord Letter)> _deadLetters = [];
    private byte[] _text = [];
    private RecordBatch? _batch;
    private RecordCursor _cursor;

    public long Rows { get; private set; }

    public long Earliest { get; private set; } = long.MaxValue;

    public long Latest { get; private set; } = long.MinValue;

    public IReadOnlyList<((int Partition, long Offset) Position, NewRecord Letter)> DeadLetters => _deadLetters;

    /// <inheritdoc />
    public int Read(DuckRowWriter rows)
    {
        var row = 0;
        while (row < DuckRowWriter.Capacity && TryNext(out var record))
        {
            if (TryScan(record, out var expected, out var reason))
                Write(rows, row++, record, expected);
            else
                AddDeadLetter(record, reason);
        }

        Rows += row;
        return row;
    }

    private bool TryNext(out RecordView record)
    {
        while (_batch is null || !_cursor.TryNext(out record))
        {
            _batch = scan.Claim();
            if (_batch is null)
            {
                record = default;
                return false;
            }

            _cursor = new RecordCursor(_batch);
        }

        return true;
    }

    private bool TryScan(in RecordView record, out long? expectedTotal, out string reason)
    {
        expectedTotal = null;
        if (record.HeaderCount > 0 && record.TryGetHeader(RecordHeaders.TotalPriceExpectedUtf8, out var text))
        {
            if (!Money.IsNumber(text) || !Money.TryParse(text, out var scaled))
            {
                reason = $"Header {RecordHeaders.TotalPriceExpected} is not a decimal({Money.Precision},{Money.Scale})";
                return false;
            }

            expectedTotal = scaled;
        }

        return OrderScanner.TryScan(record.Value, _order, out reason);
    }

    private void AddDeadLetter(in RecordView record, string reason)
    {
        var batch = _batch!;
        _deadLetters.Add(((batch.Partition, record.Offset), EventLog.DeadLetters.Create(batch.Topic, batch.Partition, record, reason)));
    }

    private void Write(DuckRowWriter rows, int row, in RecordView record, long? expectedTotal)
    {
        var payload = record.Value;
        var moment = _order.TimeStamp;
        Earliest = Math.Min(Earliest, moment);
        Latest = Math.Max(Latest, moment);
        WriteText(rows[0], row, payload, _order.SessionId);
        rows[1].Set(row, moment);
        WriteText(rows[2], row, payload, _order.UserId);
        rows[3].Set(row, _order.TotalPrice);
        WriteText(rows[4], row, payload, _order.OrderId);
        WriteProducts(rows[5], row, payload);
        WriteText(rows[6], row, payload, _order.PaymentType);
        rows[7].Set(row, (int)Math.DivRem(moment, MicrosPerDay, out var rest) - (rest < 0 ? 1 : 0));
        rows[8].Set(row, _batch!.Partition);
        rows[9].Set(row, record.Offset);
        rows[10].Set(row, record.TimestampMilliseconds * MicrosPerMillisecond);
        if (expectedTotal is { } expected)
            rows[11].Set(row, expected);
        else
            rows[11].SetNull(row);
    }

    private void WriteProducts(DuckColumnWriter column, int row, ReadOnlySpan<byte> payload)
    {
        var products = _order.Products;
        var at = column.SetList(row, products.Length);
        var element = column.Child();
        foreach (ref readonly var product in products)
        {
            WriteText(element.Child(0), at, payload, product.ProductId);
            element.Child(1).Set(at, product.ItemCount);
            element.Child(2).Set(at, product.ItemPrice);
            element.Child(3).Set(at, product.ItemDiscount);
            at++;
        }
    }

    private void WriteText(DuckColumnWriter column, int row, ReadOnlySpan<byte> payload, TextRange text)
    {
        if (!text.IsEscaped)
        {
            column.SetTextInPlace(row, text.Raw(payload));
            return;
        }

        if (_text.Length < text.Length)
            _text = new byte[text.Length * 2];
        column.SetText(row, _text.AsSpan(0, text.Unescape(payload, _text)));
    }
}
