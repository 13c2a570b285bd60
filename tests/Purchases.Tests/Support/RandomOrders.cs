using System.Globalization;
using System.Text;

namespace Pipeline.Purchases.Tests.Support;

/// <summary>Makes payloads: plain orders, orders in every spelling that JSON allows, and records that are not orders.</summary>
internal sealed class RandomOrders(int seed)
{
    private static readonly string[] _blanks = ["", "", "", " ", "  ", "\t", "\n", "\r\n"];
    private static readonly string[] _zones = ["Z", "+00:00", "+02:00", "-05:30", "+14:00", "-14:00"];
    private static readonly string[] _texts =
    [
        "a", "user-1", "", "Ünïcödé", "日本語", "😀", "\\u0041", "\\ud83d\\ude00", "\\\"", "\\\\", "\\n\\t", "\\u0000", "{\\\"a\\\":1}", "'", "\u007f",
    ];

    private static readonly string[] _numbers =
    [
        "0", "1", "-1", "-0", "12.5", "0.0001", "0.00005", "0.00004999", "12.5000000001", "0.30000000000000004", "1e2", "1E-2", "1.5e+3", "99999999999999.9999",
        "12345678901234.5678", "-99999999999999.99994", "12345678901234", "-12345678901234", "12345678901.2345", "123456789012.3456", "2.00005", "1.00015",
        "0.0000000000000000000000000001", "1000000000000", "1e13", "5e-5", "0.5e-4",
    ];

    private static readonly string[] _badNumbers =
    [
        "\"1\"", "true", "null", "100000000000000", "123456789012345", "1e15", "99999999999999.99995", "[1]", "{}", "01", ".5", "1.", "+1", "NaN",
        "1e999999999999",
    ];

    private readonly Random _random = new(seed);

    /// <summary>An order as the shop sends it.</summary>
    public static string Plain(int id, string timeStamp = "2026-03-01T12:00:00.123456Z")
    {
        var products = $$"""[{"ProductId":"p-{{id % 7}}","ItemCount":{{(id % 3) + 1}},"ItemPrice":9.99,"ItemDiscount":0}]""";
        return $$"""
            {"SessionId":"session-{{id}}","TimeStamp":"{{timeStamp}}","UserId":"user-{{id % 17}}","TotalPrice":{{id % 1000}}.25,"OrderId":"order-{{id}}",
            """ + $$"""
            "Products":{{products}},"PaymentType":"CreditCard"}
            """;
    }

    /// <summary>A valid order in some spelling.</summary>
    public string Good()
    {
        var members = new List<string>
        {
            Member("SessionId", Text()), Member("TimeStamp", TimeStamp()), Member("UserId", Text()), Member("TotalPrice", Pick(_numbers)),
            Member("OrderId", Text()),
            Member("Products", Array(_random.Next(1, 4))), Member("PaymentType", Text()),
        };
        AddUnknown(members);
        return Object(members);
    }

    /// <summary>An order in plain spelling with one byte changed, added or taken away, which it may survive.</summary>
    public byte[] NearlyPlain()
    {
        const string bytes = "\"{}[],:. \\\t\n-+eE0159SPITn\u0001\u007f\u0080";
        var plain = Encoding.UTF8.GetBytes(Plain(_random.Next(100)));
        var at = _random.Next(plain.Length);
        var other = (byte)bytes[_random.Next(bytes.Length)];
        return _random.Next(4) switch
        {
            0 => [.. plain[..at], other, .. plain[at..]],
            1 => [.. plain[..at], .. plain[(at + 1)..]],
            2 => [.. plain[..at], other, .. plain[(at + 1)..]],
            _ => [.. plain[..at], plain[at], .. plain[at..]],
        };
    }

    /// <summary>A record that is not an order, almost always.</summary>
    public byte[] Bad()
    {
        var good = Good();
        var bytes = Encoding.UTF8.GetBytes(good);
        switch (_random.Next(8))
        {
            case 0:
                return bytes[.._random.Next(bytes.Length)];
            case 1:
                return [.. bytes, .. Pick<byte[]>(["{}"u8.ToArray(), "x"u8.ToArray(), bytes, ","u8.ToArray(), [0]])];
            case 2:
                return Encoding.UTF8.GetBytes(Broken());
            case 3:
                bytes[_random.Next(bytes.Length)] = (byte)_random.Next(256);
                return bytes;
            case 4:
                return Pick<byte[]>(
                    [[], "null"u8.ToArray(), "[]"u8.ToArray(), "{}"u8.ToArray(), "\"x\""u8.ToArray(), "5"u8.ToArray(), [0xEF, 0xBB, 0xBF, .. bytes]]);
            case 5:
                var name = Pick<string>(["userId", "User", "UserI\\u0064", "Us\\ud800rId"]);
                return Encoding.UTF8.GetBytes(good.Replace("UserId", name, StringComparison.Ordinal));
            case 6:
                var more = Pick<string>(["\"UserId\":\"twice\",", "\"p\":1,", "\"Products\":[],", "\"x\":1,\"x\":2,"]);
                return Encoding.UTF8.GetBytes(good.Insert(good.IndexOf('{') + 1, more));
            default:
                var at = System.Array.IndexOf(bytes, (byte)'"') + 1;
                return [.. bytes[..at], .. Pick<byte[]>([[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x0A], [0x01], [0xE6]]), .. bytes[at..]];
        }
    }

    private string Broken()
    {
        var wrong = _random.Next(11);
        var members = new List<string>
        {
            Member("SessionId", wrong == 0 ? Pick<string>(["1", "null", "true", "{}", "[]", "\"\\ud800\"", "\"\\udc00x\"", "\"\\ud800\\u0041\""]) : Text()),
            Member("TimeStamp", wrong == 1 ? BadTimeStamp() : TimeStamp()),
            Member("UserId", Text()),
            Member("TotalPrice", wrong == 2 ? Pick(_badNumbers) : Pick(_numbers)),
            Member("OrderId", Text()),
            Member("Products", wrong == 3 ? Pick<string>(["[]", "null", "{}", "\"x\"", "[1]", "[null]", "[[]]", "[{}]"]) : Array(2, wrong)),
            Member("PaymentType", Text()),
        };
        if (wrong == 4)
            members.RemoveAt(_random.Next(members.Count));
        return Object(members);
    }

    private string Array(int count, int wrong = -1) =>
        $"[{string.Join(',', Enumerable.Range(0, count).Select(i => Blank() + Product(i == count - 1 ? wrong : -1) + Blank()))}]";

    private string Product(int wrong)
    {
        var members = new List<string>
        {
            Member("ProductId", wrong == 5 ? Pick<string>(["1", "null", "{}"]) : Text()),
            Member("ItemCount", wrong == 6 ? Pick<string>(["2.7", "true", "\"3\"", "null", "1e2", "3.0", "2147483648",
            "99999999999999999999"]) : Pick<string>(["1", "0", "-5", "2147483647", "-0"])),
            Member("ItemPrice", wrong == 7 ? Pick(_badNumbers) : Pick(_numbers)),
            Member("ItemDiscount", wrong == 8 ? Pick(_badNumbers) : Pick(_numbers)),
        };
        if (wrong == 9)
            members.RemoveAt(_random.Next(members.Count));
        AddUnknown(members);
        return Object(members);
    }

    private void AddUnknown(List<string> members)
    {
        if (_random.Next(4) == 0)
            members.Add(Member(Pick<string>(["Coupon", "_offset", "o", "userid", "\\u0055"]), Pick<string>(["1", "null", "\"x\"", "[1,{\"a\":[]}]",
                "{\"UserId\":5}", "1e400"])));
    }

    private string Object(List<string> members)
    {
        if (_random.Next(2) == 0)
            _random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(members));
        return $"{Blank()}{{{Blank()}{string.Join(',', members)}{Blank()}}}{Blank()}";
    }

    private string Member(string name, string value) => $"{Blank()}\"{name}\"{Blank()}:{Blank()}{value}{Blank()}";

    private string Text() => $"\"{string.Concat(Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Pick(_texts)))}\"";

    private string TimeStamp()
    {
        var moment = new DateTime(_random.Next(1900, 2100), _random.Next(1, 13), _random.Next(1, 28), _random.Next(24), _random.Next(60), _random.Next(60),
            DateTimeKind.Unspecified);
        var digits = _random.Next(10);
        var fraction = digits == 0 ? "" : "." + _random.NextInt64(1_000_000_000).ToString("D9", CultureInfo.InvariantCulture)[..digits];
        var text = moment.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + fraction + Pick(_zones);
        return $"\"{(_random.Next(10) == 0 ? text.Replace("T", "\\u0054", StringComparison.Ordinal) : text)}\"";
    }

    private string BadTimeStamp() => Pick<string>(
    [
        "1772323200", "null", "\"\"", "\"2026-03-01\"", "\"2026-03-01T12:00:00\"", "\"2026-02-30T12:00:00Z\"", "\"2026-03-01T24:00:00Z\"",
        "\"2026-03-01 12:00:00Z\"", "\"infinity\"",
        "\"epoch\"", "\"2026-03-01T12:00:60Z\"", "\"2026-03-01T12:00:00.Z\"", "\"2026-03-01T12:00:00.1234567891Z\"", "\"2026-03-01T12:00:00+15:00\"",
        "\"2026-03-01T12:00:00+0200\"",
        "\"0001-01-01T00:00:00+01:00\"", "\"9999-12-31T23:59:59-01:00\"", "\"2026-03-01t12:00:00z\"", "\"٢026-03-01T12:00:00Z\"",
    ]);

    private string Blank() => Pick(_blanks);

    private T Pick<T>(T[] values) => values[_random.Next(values.Length)];
}
