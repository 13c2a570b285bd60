using System.Globalization;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Ingestion.Application;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Tests;

/// <summary>The scanners against the readers and validators that explain: what a scanner accepts, they accept.</summary>
public sealed class ScannerPropertyTests
{
    private static readonly string[] _fragments =
    [
        "\"x\"", "\"\"", "\" x\"", "null", "true", "0", "-1", "1.5", "1e3", "1e400", "1000000", "1000001", "2147483648", "12345678901234567890123456789012345", "[]", "{}", "[{}]",
        "\"2026-11-20T10:15:30Z\"", "\"2026-11-20T10:15:30\"", "\"2026-11-20t10:15:30z\"", "\"2026-11-20T10:15:30.123456789+05:30\"", "\"AddedBasket\"", "\"a\\nb\"", "\"\\u0041\"",
        "\"\\ud83d\\ude00\"", "\"ü\"", "NaN", "\"" + new string('y', 129) + "\"", "\"" + new string('z', 128) + "\"", "01", "1.", "{\"ProductId\":\"p\",\"Price\":1,\"Discount\":0}",
        "[{\"ProductId\":\"p\",\"ItemCount\":1,\"ItemPrice\":1,\"ItemDiscount\":0}]",
    ];

    [Fact]
    public void EventScanner_Accepts_OnlyWhatTheValidatorAccepts() => Check(Samples.Event, body =>
    {
        if (!UserEventScanner.TryScan(body, Samples.Limits, out var record))
            return true;
        var errors = new FieldErrors();
        using var document = JsonDocument.Parse(body);
        var draft = DraftReader.ReadEvent(document.RootElement, errors);
        return errors.IsEmpty && new UserEventDraftValidator(Samples.Limits).Validate(draft!).IsValid
            && Encoding.UTF8.GetString(body.AsSpan(record.KeyStart, record.KeyLength)) == draft!.UserId;
    });

    [Fact]
    public void OrderScanner_Accepts_OnlyWhatTheValidatorAccepts() => Check($"[{Samples.Order},{Samples.Order}]", body =>
    {
        if (!OrderScanner.TryScan(body, Samples.Limits, 10, out var records, out var count))
            return true;
        var errors = new FieldErrors();
        using var document = JsonDocument.Parse(body);
        var drafts = document.RootElement.EnumerateArray().Select((e, i) => DraftReader.ReadOrder(e, i, errors)).ToList();
        return errors.IsEmpty && count == drafts.Count && drafts.TrueForAll(d => new OrderDraftValidator(Samples.Limits).Validate(d!).IsValid)
            && records.Take(count).Zip(drafts).All(p => Encoding.UTF8.GetString(body.AsSpan(p.First.KeyStart, p.First.KeyLength)) == p.Second!.UserId
                && JsonDocument.Parse(body.AsMemory(p.First.Start, p.First.Length)).RootElement.ValueKind == JsonValueKind.Object);
    });

    [Fact]
    public void Reader_AnyBytes_NeverThrows() => Check($"[{Samples.Order}]", body =>
    {
        using var asEvent = RequestReader.ReadEvent(body, Samples.Limits);
        using var asOrders = RequestReader.ReadOrders(body, Samples.Limits, 10);
        return true;
    });

    [Fact]
    public void Rfc3339_AnyInstant_RoundTrips() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).Select(s => DateTimeOffset.UnixEpoch.AddSeconds(s).AddTicks(s % 9_999_999)).ToArbitrary(),
        Gen.Choose(-14 * 60, 14 * 60).ToArbitrary(),
        (time, zone) =>
        {
            var local = time.ToOffset(TimeSpan.FromMinutes(zone));
            var text = Encoding.UTF8.GetBytes(local.ToString("yyyy-MM-ddTHH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture));
            return Rfc3339.TryParse(text, out var parsed) && parsed.EqualsExact(local);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rfc3339_AnyMutation_AgreesWithTheFramework() => Check("2026-11-20T10:15:30.25+02:00", text =>
    {
        if (!Rfc3339.TryParse(text, out var parsed))
            return true;
        var trimmed = Encoding.UTF8.GetString(text);
        var dot = trimmed.IndexOf('.', StringComparison.Ordinal);
        var digits = dot < 0 ? 0 : trimmed.Skip(dot + 1).TakeWhile(char.IsAsciiDigit).Count();
        if (digits > 7)
            trimmed = trimmed.Remove(dot + 8, digits - 7);
        return DateTimeOffset.TryParse(trimmed, CultureInfo.InvariantCulture, out var expected) && expected == parsed;
    });

    /// <summary>Replaces values and bytes at random places of a valid text and checks what must hold for each outcome.</summary>
    private static void Check(string valid, Func<byte[], bool> holds)
    {
        var starts = Enumerable.Range(0, valid.Length).Where(i => valid[i] == ':').ToArray();
        var values = from at in Gen.Elements(starts.Length == 0 ? [0] : starts)
                     from fragment in Gen.Elements(_fragments)
                     let end = ValueEnd(valid, at + 1)
                     select Encoding.UTF8.GetBytes(valid[..(at + 1)] + fragment + valid[end..]);
        var bytes = from at in Gen.Choose(0, Encoding.UTF8.GetByteCount(valid) - 1)
                    from b in Gen.Choose(0, 255)
                    from remove in Gen.Choose(0, 2)
                    select Splice(Encoding.UTF8.GetBytes(valid), at, (byte)b, remove);
        Prop.ForAll(Gen.OneOf(values, bytes).ToArbitrary(), body => holds(body)).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    private static int ValueEnd(string text, int start)
    {
        var depth = 0;
        var inString = false;
        for (var i = start; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '"')
                inString = !inString;
            else if (!inString && c is '{' or '[')
                depth++;
            else if (!inString && c is '}' or ']' && depth-- == 0)
                return i;
            else if (!inString && c == ',' && depth == 0)
                return i;
        }

        return text.Length;
    }

    private static byte[] Splice(byte[] text, int at, byte value, int mode) => mode switch
    {
        0 => [.. text[..at], value, .. text[(at + 1)..]],
        1 => [.. text[..at], value, .. text[at..]],
        _ => [.. text[..at], .. text[(at + 1)..]],
    };
}
