using System.Buffers;
using System.Text.Json;

namespace Pipeline.Ingestion.Domain;

/// <summary>The hot path of <c>POST /PurchasedItems</c>; see <see cref="UserEventScanner"/>.</summary>
internal static class OrderScanner
{
    private const uint AllFields = 0b111_1111;
    private const uint AllProductFields = 0b1111;
    private const int FirstCapacity = 128;

    /// <summary>Scans an array of 1 to <paramref name="maxOrders"/> orders.</summary>
    /// <param name="body">The request's bytes.</param>
    /// <param name="limits">What a record may hold.</param>
    /// <param name="maxOrders">How many orders a request may hold.</param>
    /// <param name="records">Rented from the shared pool where true is returned: the caller returns it.</param>
    /// <param name="count">How many records are filled.</param>
    public static bool TryScan(ReadOnlySpan<byte> body, in RecordLimits limits, int maxOrders, out ScannedRecord[] records, out int count)
    {
        records = ArrayPool<ScannedRecord>.Shared.Rent(FirstCapacity);
        count = 0;
        var valid = false;
        try
        {
            valid = TryScanAll(body, limits, maxOrders, ref records, ref count) && FieldScan.IsOneLineUtf8(body);
        }
        catch (JsonException)
        {
            valid = false; // the slow path reports it
        }
        finally
        {
            if (!valid)
            {
                ArrayPool<ScannedRecord>.Shared.Return(records);
                records = [];
                count = 0;
            }
        }

        return valid;
    }

    private static bool TryScanAll(ReadOnlySpan<byte> body, in RecordLimits limits, int maxOrders, ref ScannedRecord[] records, ref int count)
    {
        var reader = new Utf8JsonReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            if (count == maxOrders || !TryScanOrder(ref reader, limits, out var record))
                return false;
            if (count == records.Length)
                Grow(ref records);
            records[count++] = record;
        }

        return count > 0 && reader.TokenType == JsonTokenType.EndArray && !reader.Read();
    }

    private static bool TryScanOrder(ref Utf8JsonReader reader, in RecordLimits limits, out ScannedRecord record)
    {
        record = default;
        var start = (int)reader.TokenStartIndex;
        int keyStart = 0, keyLength = 0;
        decimal total = 0, expected = 0;
        uint seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            bool valid;
            if (name.SequenceEqual("SessionId"u8))
                valid = FieldScan.Mark(ref seen, 0) && FieldScan.Text(ref reader, RecordLimits.MaxId);
            else if (name.SequenceEqual("TimeStamp"u8))
                valid = FieldScan.Mark(ref seen, 1) && FieldScan.TimeStamp(ref reader, limits);
            else if (name.SequenceEqual("UserId"u8))
            {
                valid = FieldScan.Mark(ref seen, 2) && FieldScan.Text(ref reader, RecordLimits.MaxId);
                keyStart = (int)reader.TokenStartIndex + 1;
                keyLength = reader.ValueSpan.Length;
            }
            else if (name.SequenceEqual("TotalPrice"u8))
                valid = FieldScan.Mark(ref seen, 3) && FieldScan.Money(ref reader, out total);
            else if (name.SequenceEqual("OrderId"u8))
                valid = FieldScan.Mark(ref seen, 4) && FieldScan.Text(ref reader, RecordLimits.MaxId);
            else if (name.SequenceEqual("Products"u8))
                valid = FieldScan.Mark(ref seen, 5) && TryScanProducts(ref reader, limits.TotalPrice, out expected);
            else
                valid = name.SequenceEqual("PaymentType"u8) && FieldScan.Mark(ref seen, 6) && FieldScan.Text(ref reader, RecordLimits.MaxPaymentType);
            if (!valid)
                return false;
        }

        if (seen != AllFields)
            return false;
        var length = (int)reader.BytesConsumed - start;
        record = new ScannedRecord(start, length, keyStart, keyLength, TotalPriceCheck.Mismatch(limits.TotalPrice, total, expected));
        return true;
    }

    private static bool TryScanProducts(ref Utf8JsonReader reader, TotalPriceRule rule, out decimal expected)
    {
        expected = 0;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            return false;
        var products = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            if (++products > RecordLimits.MaxProducts || !TryScanProduct(ref reader, rule, ref expected))
                return false;
        }

        return products > 0 && reader.TokenType == JsonTokenType.EndArray;
    }

    private static bool TryScanProduct(ref Utf8JsonReader reader, TotalPriceRule rule, ref decimal expected)
    {
        uint seen = 0;
        var count = 0;
        decimal price = 0, discount = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            var valid = name.SequenceEqual("ProductId"u8) ? FieldScan.Mark(ref seen, 0) && FieldScan.Text(ref reader, RecordLimits.MaxId)
                : name.SequenceEqual("ItemCount"u8) ? FieldScan.Mark(ref seen, 1) && FieldScan.Count(ref reader, out count)
                : name.SequenceEqual("ItemPrice"u8) ? FieldScan.Mark(ref seen, 2) && FieldScan.Money(ref reader, out price)
                : name.SequenceEqual("ItemDiscount"u8) && FieldScan.Mark(ref seen, 3) && FieldScan.Money(ref reader, out discount);
            if (!valid)
                return false;
        }

        if (rule != TotalPriceRule.Off)
            expected += TotalPriceCheck.Line(rule, price, discount, count);
        return seen == AllProductFields;
    }

    private static void Grow(ref ScannedRecord[] records)
    {
        var larger = ArrayPool<ScannedRecord>.Shared.Rent(records.Length * 2);
        records.CopyTo(larger, 0);
        ArrayPool<ScannedRecord>.Shared.Return(records);
        records = larger;
    }
}
