using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Purchases.Tests.Support;

/// <summary>An order as an independent, slow reader sees it: System.Text.Json's documents and arithmetic on whole numbers.</summary>
internal sealed partial record ReferenceOrder(
    string SessionId, long TimeStamp, string UserId, string TotalPrice, string OrderId, string Products, string PaymentType)
{
    private static readonly UTF8Encoding _strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The order; null where the payload is none.</summary>
    public static ReferenceOrder? Read(ReadOnlyMemory<byte> payload)
    {
        try
        {
            _ = _strict.GetCharCount(payload.Span);
            using var document = JsonDocument.Parse(payload);
            var root = Members(document.RootElement, "SessionId", "TimeStamp", "UserId", "TotalPrice", "OrderId", "Products", "PaymentType");
            return new ReferenceOrder(Text(root[0]), Micros(Text(root[1])), Text(root[2]), Amount(root[3]), Text(root[4]), Lines(root[5]), Text(root[6]));
        }
        catch (Exception e) when (e is JsonException or FormatException or DecoderFallbackException or InvalidOperationException
            or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>A decimal number rounded to 4 digits, half away from zero, as text.</summary>
    public static string Round(string number)
    {
        var match = Number().Match(number);
        if (!match.Success)
            throw new FormatException(number);
        var fraction = match.Groups[3].Value;
        var digits = BigInteger.Parse(match.Groups[2].Value + fraction, CultureInfo.InvariantCulture);
        var exponent = (match.Groups[4].Success ? int.Parse(match.Groups[4].Value, NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture) : 0) - fraction.Length + 4;
        BigInteger scaled;
        if (exponent >= 0)
        {
            scaled = digits * BigInteger.Pow(10, exponent);
        }
        else
        {
            var divisor = BigInteger.Pow(10, -exponent);
            scaled = ((digits * 2) + divisor) / (divisor * 2);
        }

        if (scaled >= BigInteger.Pow(10, 18))
            throw new FormatException(number);
        return Text(match.Groups[1].Value == "-" ? -scaled : scaled);
    }

    public static string Text(BigInteger scaled)
    {
        var digits = BigInteger.Abs(scaled).ToString(CultureInfo.InvariantCulture).PadLeft(5, '0');
        return $"{(scaled.Sign < 0 ? "-" : "")}{digits[..^4]}.{digits[^4..]}";
    }

    private static JsonElement[] Members(JsonElement element, params string[] names)
    {
        var found = element.EnumerateObject().Where(p => names.Contains(NameOf(p))).ToList();
        return found.Count == names.Length ? [.. names.Select(n => found.Single(p => NameOf(p) == n).Value)] : throw new FormatException("members");
    }

    // A name with half of a surrogate pair is none of ours.
    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    private static string Text(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString()! : throw new FormatException("string");

    private static string Amount(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number ? Round(element.GetRawText()) : throw new FormatException("number");

    private static string Lines(JsonElement element)
    {
        if (element.GetArrayLength() == 0)
            throw new FormatException("no lines");
        return JsonSerializer.Serialize(element.EnumerateArray().Select(line =>
        {
            var members = Members(line, "ProductId", "ItemCount", "ItemPrice", "ItemDiscount");
            return new[] { Text(members[0]), members[1].GetInt32().ToString(CultureInfo.InvariantCulture), Amount(members[2]), Amount(members[3]) };
        }));
    }

    private static long Micros(string text)
    {
        var match = Moment().Match(text);
        if (!match.Success)
            throw new FormatException(text);
        var local = DateTime.ParseExact(match.Groups[1].Value, "yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        var micros = (local - DateTime.UnixEpoch).Ticks / 10;
        micros += int.Parse(match.Groups[2].Value.PadRight(6, '0')[..6], CultureInfo.InvariantCulture);
        if (match.Groups[4].Success)
        {
            var minutes = (int.Parse(match.Groups[5].Value, CultureInfo.InvariantCulture) * 60) + int.Parse(match.Groups[6].Value,
                CultureInfo.InvariantCulture);
            if (minutes > 14 * 60 || int.Parse(match.Groups[6].Value, CultureInfo.InvariantCulture) > 59)
                throw new FormatException(text);
            micros -= (match.Groups[4].Value == "-" ? -minutes : minutes) * 60_000_000L;
        }

        _ = new DateTime(checked((micros * 10) + DateTime.UnixEpoch.Ticks));
        return micros;
    }

    [GeneratedRegex(@"^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$", RegexOptions.ECMAScript)]
    private static partial Regex Number();

    [GeneratedRegex(@"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|([+-])(\d\d):(\d\d))\z", RegexOptions.ECMAScript)]
    private static partial Regex Moment();
}
