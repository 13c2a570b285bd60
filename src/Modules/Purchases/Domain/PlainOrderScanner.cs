using System.Buffers.Text;
using System.Text.Unicode;

namespace Pipeline.Purchases.Domain;

/// <summary>
/// The hot path of <see cref="OrderScanner"/>: takes orders in plain spelling (no escapes, no control characters, no unknown members, short numbers),
/// which nearly all are,
/// at a third of the cost. False means "not plainly an order": the other one then judges.
/// </summary>
internal ref struct PlainOrderScanner
{
    private const uint AllFields = 0b111_1111;
    private const uint AllProductFields = 0b1111;
    private const int MaxWholeDigits = 11;
    private const int MaxCountDigits = 9;

    private readonly ReadOnlySpan<byte> _input;
    private readonly Span<byte> _output;
    private int _at;
    private int _written;
    private long _timestamp;

    private PlainOrderScanner(ReadOnlySpan<byte> payload, Span<byte> output)
    {
        _input = payload;
        _output = output;
    }

    /// <inheritdoc cref="OrderScanner.TryAppend"/>
    public static bool TryAppend(ReadOnlySpan<byte> payload, LineBuffer line, out long timestamp)
    {
        timestamp = 0;
        if (!IsPlainText(payload))
            return false;

        // Names get shorter, the timestamp too, the rest is copied: a line is never longer than its payload by more than this.
        const int slack = 64;
        var scanner = new PlainOrderScanner(payload, line.Reserve(payload.Length + slack));
        if (!scanner.Order())
            return false;
        line.Advance(scanner._written);
        timestamp = scanner._timestamp;
        return true;
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
                (byte)'S' => rest.StartsWith("SessionId\""u8) && Name(ref seen, 0, 10) && Text(",\"s\":"u8),
                (byte)'T' when rest.StartsWith("TimeStamp\""u8) => Name(ref seen, 1, 10) && TimeStamp(),
                (byte)'T' => rest.StartsWith("TotalPrice\""u8) && Name(ref seen, 3, 11) && Amount(),
                (byte)'U' => rest.StartsWith("UserId\""u8) && Name(ref seen, 2, 7) && Text(",\"u\":"u8),
                (byte)'O' => rest.StartsWith("OrderId\""u8) && Name(ref seen, 4, 8) && Text(",\"d\":"u8),
                (byte)'P' when rest.StartsWith("Products\""u8) => Name(ref seen, 5, 9) && Products(),
                (byte)'P' => rest.StartsWith("PaymentType\""u8) && Name(ref seen, 6, 12) && Text(",\"y\":"u8),
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
        var start = _at - 1;
        do
        {
            if (!Product())
                return false;
        }
        while (Take((byte)','));
        if (!Take((byte)']'))
            return false;
        Write(",\"l\":"u8);
        Write(_input[start.._at]);
        return true;
    }

    private bool Product()
    {
        if (!Take((byte)'{'))
            return false;
        uint seen = 0;
        do
        {
            if (!Take((byte)'"'))
                return false;
            var rest = _input[_at..];
            var valid = First(rest) == (byte)'P' ? rest.StartsWith("ProductId\""u8) && Name(ref seen, 0, 10) && SkipText()
                : rest.StartsWith("ItemCount\""u8) ? Name(ref seen, 1, 10) && SkipCount()
                : rest.StartsWith("ItemPrice\""u8) ? Name(ref seen, 2, 10) && SkipAmount()
                : rest.StartsWith("ItemDiscount\""u8) && Name(ref seen, 3, 13) && SkipAmount();
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

    private bool Text(ReadOnlySpan<byte> name)
    {
        var start = _at;
        if (!SkipText())
            return false;
        Write(name);
        Write(_input[start.._at]);
        return true;
    }

    private bool TimeStamp()
    {
        var start = _at + 1;
        if (!SkipText() || !Instant.TryParse(_input[start..(_at - 1)], out _timestamp))
            return false;
        Write(",\"t\":"u8);
        if (!Utf8Formatter.TryFormat(_timestamp, _output[_written..], out var digits))
            return false;
        _written += digits;
        return true;
    }

    private bool Amount()
    {
        var start = _at;
        if (!SkipAmount())
            return false;
        Write(",\"a\":"u8);
        Write(_input[start.._at]);
        return true;
    }

    private bool SkipText()
    {
        if (_at >= _input.Length || _input[_at] != '"')
            return false;
        var start = _at + 1;
        var length = _input[start..].IndexOfAny((byte)'"', (byte)'\\');
        if (length < 0 || _input[start + length] != '"')
            return false;
        _at = start + length + 1;
        return true;
    }

    private bool SkipAmount()
    {
        if (_at < _input.Length && _input[_at] == '-')
            _at++;
        var start = _at;
        var whole = SkipDigits();
        if (whole is 0 or > MaxWholeDigits || (_input[start] == '0' && whole > 1))
            return false;
        if (_at >= _input.Length || _input[_at] != '.')
            return true;
        _at++;
        return SkipDigits() is >= 1 and <= Money.Scale;
    }

    private bool SkipCount()
    {
        var start = _at;
        var digits = SkipDigits();
        return digits is >= 1 and <= MaxCountDigits && (_input[start] != '0' || digits == 1);
    }

    private int SkipDigits()
    {
        var start = _at;
        while ((uint)_at < (uint)_input.Length && (uint)(_input[_at] - '0') <= 9)
            _at++;
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

    private void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_output[_written..]);
        _written += bytes.Length;
    }
}
