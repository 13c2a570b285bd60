using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Purchases.Domain;

/// <summary>Decides whether a payload is an order, and finds its fields. No object per record.</summary>
/// <remarks>
/// A JSON reader alone cannot decide it: DuckDB's takes <c>2.7</c> for the integer 3, <c>true</c> for 1, an object for a text, and reads decimals through double.
/// </remarks>
internal static class OrderScanner
{
    private const uint AllFields = 0b111_1111;
    private const uint AllProductFields = 0b1111;
    private const int LongestTimestamp = 64;

    /// <summary>Fills the order; on false its fields are undefined.</summary>
    /// <param name="payload">The record's value.</param>
    /// <param name="order">Takes the fields.</param>
    /// <param name="reason">Why it is not an order; names the member, holds nothing of the payload's values.</param>
    public static bool TryScan(ReadOnlySpan<byte> payload, ScannedOrder order, out string reason)
    {
        reason = "";
        return PlainOrderScanner.TryScan(payload, order) || TryScanAny(payload, order, out reason);
    }

    /// <summary>The same without the short cut.</summary>
    internal static bool TryScanAny(ReadOnlySpan<byte> payload, ScannedOrder order, out string reason)
    {
        order.Clear();
        var scan = new Scan(payload, order);
        try
        {
            if (payload.IsEmpty)
                scan.Fault("The payload is empty");
            else if (!Utf8.IsValid(payload))
                scan.Fault("The payload is not UTF-8");
            else
                scan.Order();
        }
        catch (JsonException e)
        {
            scan.Fault($"The payload is not JSON: {e.Message}");
        }

        reason = scan.Reason ?? "";
        return scan.Reason is null;
    }

    private ref struct Scan(ReadOnlySpan<byte> payload, ScannedOrder order)
    {
        private Utf8JsonReader _reader = new(payload);
        private int _product = -1;

        public string? Reason { get; private set; }

        public void Fault(string reason) => Reason = reason;

        public void Order()
        {
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.StartObject)
            {
                Fault($"An order is an object, not {Kind()}");
                return;
            }

            uint seen = 0;
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                var valid = OrderMember() switch
                {
                    Member.SessionId => Mark(ref seen, 0, "SessionId") && Text(out order.SessionId, "SessionId"),
                    Member.TimeStamp => Mark(ref seen, 1, "TimeStamp") && TimeStamp(),
                    Member.UserId => Mark(ref seen, 2, "UserId") && Text(out order.UserId, "UserId"),
                    Member.TotalPrice => Mark(ref seen, 3, "TotalPrice") && Amount(out order.TotalPrice, "TotalPrice"),
                    Member.OrderId => Mark(ref seen, 4, "OrderId") && Text(out order.OrderId, "OrderId"),
                    Member.Products => Mark(ref seen, 5, "Products") && Products(),
                    Member.PaymentType => Mark(ref seen, 6, "PaymentType") && Text(out order.PaymentType, "PaymentType"),
                    _ => Skip(),
                };
                if (!valid)
                    return;
            }

            if (seen != AllFields)
                Fault($"{FirstMissing(seen, ["SessionId", "TimeStamp", "UserId", "TotalPrice", "OrderId", "Products", "PaymentType"])} is missing");
            else
                _reader.Read(); // throws where something follows the object
        }

        private bool Products()
        {
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.StartArray)
                return Wrong("Products", "an array");
            for (_product = 0; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; _product++)
            {
                if (_reader.TokenType != JsonTokenType.StartObject)
                    return Wrong("", "an object");
                if (!Product(ref order.AddProduct()))
                    return false;
            }

            var count = _product;
            _product = -1;
            if (count == 0)
            {
                Fault("Products is empty");
                return false;
            }

            return true;
        }

        private bool Product(ref ScannedProduct product)
        {
            uint seen = 0;
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                var valid = ProductMember() switch
                {
                    Member.ProductId => Mark(ref seen, 0, "ProductId") && Text(out product.ProductId, "ProductId"),
                    Member.ItemCount => Mark(ref seen, 1, "ItemCount") && Integer(out product.ItemCount, "ItemCount"),
                    Member.ItemPrice => Mark(ref seen, 2, "ItemPrice") && Amount(out product.ItemPrice, "ItemPrice"),
                    Member.ItemDiscount => Mark(ref seen, 3, "ItemDiscount") && Amount(out product.ItemDiscount, "ItemDiscount"),
                    _ => Skip(),
                };
                if (!valid)
                    return false;
            }

            if (seen != AllProductFields)
            {
                Fault($"{Path(FirstMissing(seen, ["ProductId", "ItemCount", "ItemPrice", "ItemDiscount"]))} is missing");
                return false;
            }

            return true;
        }

        private bool Text(out TextRange text, string member)
        {
            text = default;
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.String)
                return Wrong(member, "a string");
            var value = _reader.ValueSpan;
            if (_reader.ValueIsEscaped && !Surrogates.ArePaired(value))
            {
                Fault($"{Path(member)} holds half of a surrogate pair");
                return false;
            }

            text = new TextRange((int)_reader.TokenStartIndex + 1, value.Length, _reader.ValueIsEscaped);
            return true;
        }

        private bool TimeStamp()
        {
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.String)
                return Wrong("TimeStamp", "a string");
            scoped var text = _reader.ValueSpan;
            if (_reader.ValueIsEscaped && text.Length <= LongestTimestamp && Surrogates.ArePaired(text))
            {
                Span<byte> unescaped = stackalloc byte[LongestTimestamp];
                text = unescaped[.._reader.CopyString(unescaped)];
            }

            if (!Rfc3339.TryParseMicroseconds(text, out var micros))
            {
                Fault("TimeStamp is not a moment with a zone, such as 2026-03-01T12:00:00.000Z");
                return false;
            }

            order.TimeStamp = micros;
            return true;
        }

        private bool Amount(out long scaled, string member)
        {
            scaled = 0;
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.Number)
                return Wrong(member, "a number");
            if (Money.TryParse(_reader.ValueSpan, out scaled))
                return true;
            Fault($"{Path(member)} has more than {Money.Precision - Money.Scale} digits before the point");
            return false;
        }

        private bool Integer(out int value, string member)
        {
            value = 0;
            _reader.Read();
            if (_reader.TokenType != JsonTokenType.Number)
                return Wrong(member, "an integer");
            var number = _reader.ValueSpan;
            if (Utf8Parser.TryParse(number, out value, out var consumed) && consumed == number.Length)
                return true;
            Fault($"{Path(member)} is not an integer of 32 bits");
            return false;
        }

        private bool Skip()
        {
            _reader.Skip();
            return true;
        }

        /// <summary>Sets the member's bit; a member that is there twice has two meanings, so the record has none.</summary>
        private bool Mark(ref uint seen, int bit, string member)
        {
            if ((seen & (1u << bit)) != 0)
            {
                Fault($"{Path(member)} is there twice");
                return false;
            }

            seen |= 1u << bit;
            return true;
        }

        private bool Wrong(string member, string expected)
        {
            Fault($"{Path(member)} must be {expected}, not {Kind()}");
            return false;
        }

        private readonly string Path(string member) => _product < 0 ? member : member.Length == 0 ? $"Products[{_product}]" : $"Products[{_product}].{member}";

        private readonly string Kind() => _reader.TokenType switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "an array",
            JsonTokenType.String => "a string",
            JsonTokenType.Number => "a number",
            JsonTokenType.Null => "null",
            _ => "a boolean",
        };

        private static string FirstMissing(uint seen, ReadOnlySpan<string> members) => members[System.Numerics.BitOperations.TrailingZeroCount(~seen)];

        private Member OrderMember()
        {
            var name = _reader.ValueSpan;
            if (_reader.ValueIsEscaped)
                return EscapedMember();
            return name.Length switch
            {
                6 when name.SequenceEqual("UserId"u8) => Member.UserId,
                7 when name.SequenceEqual("OrderId"u8) => Member.OrderId,
                8 when name.SequenceEqual("Products"u8) => Member.Products,
                9 when name.SequenceEqual("SessionId"u8) => Member.SessionId,
                9 when name.SequenceEqual("TimeStamp"u8) => Member.TimeStamp,
                10 when name.SequenceEqual("TotalPrice"u8) => Member.TotalPrice,
                11 when name.SequenceEqual("PaymentType"u8) => Member.PaymentType,
                _ => Member.Unknown,
            };
        }

        private Member ProductMember()
        {
            var name = _reader.ValueSpan;
            if (_reader.ValueIsEscaped)
                return EscapedMember();
            return name.Length switch
            {
                9 when name.SequenceEqual("ProductId"u8) => Member.ProductId,
                9 when name.SequenceEqual("ItemCount"u8) => Member.ItemCount,
                9 when name.SequenceEqual("ItemPrice"u8) => Member.ItemPrice,
                12 when name.SequenceEqual("ItemDiscount"u8) => Member.ItemDiscount,
                _ => Member.Unknown,
            };
        }

        private readonly Member EscapedMember()
        {
            if (!Surrogates.ArePaired(_reader.ValueSpan))
                return Member.Unknown;
            foreach (var member in Enum.GetValues<Member>())
            {
                if (member != Member.Unknown && _reader.ValueTextEquals(member.ToString()))
                    return member;
            }

            return Member.Unknown;
        }
    }

    private enum Member
    {
        Unknown,
        SessionId,
        TimeStamp,
        UserId,
        TotalPrice,
        OrderId,
        Products,
        PaymentType,
        ProductId,
        ItemCount,
        ItemPrice,
        ItemDiscount,
    }
}
