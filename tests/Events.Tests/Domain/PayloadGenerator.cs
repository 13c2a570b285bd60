using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Pipeline.Events.Tests.Domain;

/// <summary>Payloads as clients could write them: any order of members, blanks, escapes, forms of numbers and times; some broken a little.</summary>
internal static class PayloadGenerator
{
    private static readonly string[] _pieces =
        ["a", "B7", "-", "user", "ä", "€", "😀", "\"", "\\", "/", "\n", "\t", " ", "\0", "\u001f", "\u007f", "\u2028", "\uFFFF", "日本", "'", "{", "}"];

    private static readonly string[] _numbers =
        ["0", "1", "-1", "12.34", "0.1", "1e2", "1E-2", "12.3400", "-0", "79228162514264337593543950335", "79228162514264337593543950336",
         "1e28", "1e29", "1e-30", "1e-4000", "1e99999",
         "0.00000000000000000000000000000000000000000000000000000000000000000000000001", "01", ".5", "1.", "+1", "NaN", "\"1\"", "null", "true", "[]"];

    private static readonly string[] _zones = ["Z", "+00:00", "+02:00", "-14:00", "+14:00", "", "z", "+2", "+0200"];

    public static Gen<byte[]> Payloads { get; } =
        from seed in Gen.Choose(0, int.MaxValue)
        from broken in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        select Payload(new System.Random(seed), broken);

    private static byte[] Payload(System.Random random, bool broken)
    {
        var attributes = Object(random, [("ProductId", Text(random)), ("Price", Number(random)), ("Discount", Number(random)), .. Extra(random)]);
        var members = new List<(string, string)>
        {
            ("UserId", Text(random)), ("SessionId", Text(random)), ("EventName", Text(random)), ("TimeStamp", Time(random)), ("Attributes", attributes),
        };
        members.AddRange(Extra(random));
        if (random.Next(20) == 0)
            members.RemoveAt(random.Next(members.Count));
        if (random.Next(20) == 0)
            members.Add(("UserId", Text(random)));
        var bytes = Encoding.UTF8.GetBytes(Object(random, members));
        if (broken)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    private static string Object(System.Random random, List<(string Name, string Value)> members)
    {
        if (random.Next(2) == 0)
            members = [.. members.OrderBy(_ => random.Next())];
        var texts = members.Select(m => $"{Blank(random)}{Quote(random, m.Name)}{Blank(random)}:{Blank(random)}{m.Value}{Blank(random)}");
        return $"{{{Blank(random)}{string.Join(',', texts)}}}";
    }

    private static IEnumerable<(string, string)> Extra(System.Random random) =>
        random.Next(5) == 0 ? [("Extra", random.Next(2) == 0 ? "[1,{\"a\":[true,null]}]" : "\"x\"")] : [];

    private static string Blank(System.Random random) => random.Next(6) switch { 0 => " ", 1 => "\n\t", 2 => "\r\n ", _ => "" };

    private static string Text(System.Random random)
    {
        if (random.Next(40) == 0)
            return random.Next(3) switch { 0 => "null", 1 => "7", _ => "\"\\uD800\"" };
        var length = random.Next(30) switch { 0 => 0, 1 => random.Next(100, 150), _ => random.Next(1, 8) };
        return Quote(random, string.Concat(Enumerable.Range(0, length).Select(_ => _pieces[random.Next(_pieces.Length) / (random.Next(4) == 0 ? 1 : 4)])));
    }

    private static string Number(System.Random random) =>
        random.Next(8) == 0 ? _numbers[random.Next(_numbers.Length)] : (random.Next(-1000, 100000) / 100m).ToString(CultureInfo.InvariantCulture);

    private static string Time(System.Random random)
    {
        var time = new DateTime(random.NextInt64(DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks));
        var digits = random.Next(0, 10);
        var fraction = digits == 0 ? "" : "." + string.Concat(Enumerable.Range(0, digits).Select(_ => random.Next(10)));
        var zone = _zones[random.Next(random.Next(3) == 0 ? _zones.Length : 4)];
        return Quote(random, time.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + fraction + zone);
    }

    /// <summary>A JSON string in which some characters that need no escape have one.</summary>
    private static string Quote(System.Random random, string text)
    {
        var escapes = random.Next(3) == 0;
        var json = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\' or < ' ' || (escapes && random.Next(3) == 0))
                json.Append(c switch { '"' => "\\\"", '\\' => "\\\\", '\n' => "\\n", _ => $"\\u{(int)c:x4}" });
            else
                json.Append(c);
        }

        return json.Append('"').ToString();
    }
}
