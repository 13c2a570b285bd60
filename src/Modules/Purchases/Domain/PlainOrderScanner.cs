using System.Text.Unicode;

namespace Pipeline.Purchases.Domain;

/// <summary>
/// The hot path of <see cref="OrderScanner"/>: takes orders in plain spelling (no escapes, no control characters, no unknown members, short numbers), which
/// nearly all are, at a third of the cost. False means "not plainly an order": the other one then judges.
/// </summary>
internal ref struct PlainOrderScanner
{
    private const uint AllFields = 0b111_1111;
    private const uint AllProductFields = 0b1111;
    private const int MaxWholeDigits = 11;
    private const int MaxCountDigits = 9;

    private readonly ReadOnlySpan<byte> _input;
    private readonly ScannedOrder _order;
    private int _at;

    private PlainOrderScanner(ReadOnlySpan<byte> payload, ScannedOrder order)
    {
        _input = payload;
        _order = order;
    }

    /// <summary>Fills the order; on false its fields are undefined.</summary>
    public static bool TryScan(ReadOnlySpan<byte> payload, ScannedOrder order)
    {
        order.Clear();
        return IsPlainText(payload) && new PlainOrderScanner(payload, order).Order();
    }

    /// <summary>UTF-8 without control characters, so neither line breaks as blanks nor what strings must not hold.</summary>
    private static bool IsPlainText(ReadOnlySpan<byte> payload) =>
        !payload.ContainsAnyExceptInRange((byte)0x20, (byte)0x7F) || (!payload.ContainsAnyInRange((byte)0, (byte)0x1F) && Utf8.IsValid(payload));

    private bool Order()
    {
        if (!Take((byte)'{'))
            return false;
        uint seen = 0;
        do
        {
            if (!Take((byte)'"'))
                return false;
            var rest = _input[_at..];
            var valid = First(rest) switch
            {
                (byte)'S' => rest.StartsWith("SessionId\""u8) && Name(ref seen, 0, 10) && Text(out _order.SessionId),
                (byte)'T' when rest.StartsWith("TimeStamp\""u8) => Name(ref seen, 1, 10) && TimeStamp(),
                (byte)'T' => rest.StartsWith("TotalPrice\""u8) && Name(ref seen, 3, 11) && Amount(out _order.TotalPrice),
                (byte)'U' => rest.StartsWith("UserId\""u8) && Name(ref seen, 2, 7) && Text(out _order.UserId),
                (byte)'O' => rest.StartsWith("OrderId\""u8) && Name(ref seen, 4, 8) && Text(out _order.OrderId),
                (byte)'P' when rest.StartsWith("Products\""u8) => Name(ref seen, 5, 9) && Products(),
                (byte)'P' => rest.StartsWith("PaymentType\""u8) && Name(ref seen, 6, 12) && Text(out _order.PaymentType),
                _ => false,
            };
            if (!valid)
                return false;
        }
        while (Take((byte)','));
        if (seen != AllFields || !Take((byte)'}'))
            return false;
        SkipBlanks();
        return _at == _input.Length;
    }

    private bool Products()
    {
        if (!Take((byte)'['))
            return false;
        do
        {
            if (!Product(ref _order.AddProduct()))
                return false;
        }
        while (Take((byte)','));
        return Take((byte)']');
    }

    private bool Product(ref ScannedProduct product)
    {
        if (!Take((byte)'{'))
            return false;
        uint seen = 0;
        do
        {
            if (!Take((byte)'"'))
                return false;
            var rest = _input[_at..];
            var valid = First(rest) == (byte)'P' ? rest.StartsWith("ProductId\""u8) && Name(ref seen, 0, 10) && Text(out product.ProductId)
                : rest.StartsWith("ItemCount\""u8) ? Name(ref seen, 1, 10) && Count(out product.ItemCount)
                : rest.StartsWith("ItemPrice\""u8) ? Name(ref seen, 2, 10) && Amount(out product.ItemPrice)
                : rest.StartsWith("ItemDiscount\""u8) && Name(ref seen, 3, 13) && Amount(out product.ItemDiscount);
            if (!valid)
                return false;
        }
        while (Take((byte)','));
        return seen == AllProductFields && Take((byte)'}');
    }

    /// <summary>Passes over a name and its colon; false where the name was there before.</summary>
    private bool Name(ref uint seen, int bit, int length)
    {
        if ((seen & (1u << bit)) != 0)
            return false;
        seen |= 1u << bit;
        _at += length;
        if (!Take((byte)':'))
            return false;
        SkipBlanks();
        return true;
    }

    private bool TimeStamp()
    {
        if (!Text(out var text) || !Rfc3339.TryParseMicroseconds(text.Raw(_input), out var micros))
            return false;
        _order.TimeStamp = micros;
        return true;
    }

    private bool Text(out TextRange text)
    {
        text = default;
        if ((uint)_at >= (uint)_input.Length || _input[_at] != '"')
            return false;
        var start = _at + 1;
        var length = _input[start..].IndexOfAny((byte)'"', (byte)'\\');
        if (length < 0 || _input[start + length] != '"')
            return false;
        text = new TextRange(start, length, false);
        _at = start + length + 1;
        return true;
    }

    private bool Amount(out long scaled)
    {
        var negative = (uint)_at < (uint)_input.Length && _input[_at] == '-';
        if (negative)
            _at++;
        var start = _at;
        var whole = Digits(out scaled);
        if (whole is 0 or > MaxWholeDigits || (_input[start] == '0' && whole > 1))
            return false;
        var missing = Money.Scale;
        if ((uint)_at < (uint)_input.Length && _input[_at] == '.')
        {
            _at++;
            var digits = Digits(out var fraction);
            if (digits is 0 or > Money.Scale)
                return false;
            for (var i = 0; i < digits; i++)
                scaled *= 10;
            scaled += fraction;
            missing -= digits;
        }

        for (; missing > 0; missing--)
            scaled *= 10;
        if (negative)
            scaled = -scaled;
        return true;
    }

    private bool Count(out int count)
    {
        var start = _at;
        var digits = Digits(out var value);
        count = (int)value;
        return digits is >= 1 and <= MaxCountDigits && (_input[start] != '0' || digits == 1);
    }

    /// <summary>Passes over digits; the value is undefined where there are more than 18.</summary>
    private int Digits(out long value)
    {
        var start = _at;
        value = 0;
        for (uint digit; (uint)_at < (uint)_input.Length && (digit = (uint)(_input[_at] - '0')) <= 9; _at++)
            value = (value * 10) + digit;
        return _at - start;
    }

    private void SkipBlanks()
    {
        while ((uint)_at < (uint)_input.Length && _input[_at] == (byte)' ')
            _at++;
    }

    private static byte First(ReadOnlySpan<byte> rest) => rest.IsEmpty ? (byte)0 : rest[0];

    private bool Take(byte value)
    {
        if ((uint)_at < (uint)_input.Length && _input[_at] == value)
        {
            _at++;
            return true;
        }

        SkipBlanks();
        if ((uint)_at >= (uint)_input.Length || _input[_at] != value)
            return false;
        _at++;
        return true;
    }
}
