using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Events.Domain;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Events.Tests.Domain;

public partial class UserEventParserTests
{
    private const string Good =
        """{"UserId":"u1","SessionId":"s1","EventName":"Visit","TimeStamp":"2024-05-01T10:00:00Z","Attributes":{"ProductId":"p","Price":1.5,"Discount":0}}""";

    private static readonly JsonSerializerOptions _strict = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    [Fact]
    public void Parse_CanonicalEvent_KeepsTextsAndAttributeBytes()
    {
        using var batch = new EventBatch(1, 1);

        Assert.True(new UserEventParser().TryParse(Encoding.UTF8.GetBytes(Good), 3, 42, batch, out var reason), reason);

        var row = batch.Rows[0];
        Assert.Equal((3, 42L), (row.Partition, row.Offset));
        Assert.Equal("u1 s1 Visit", $"{Text(batch.UserId(row))} {Text(batch.SessionId(row))} {Text(batch.EventName(row))}");
        Assert.Equal("""{"ProductId":"p","Price":1.5,"Discount":0}""", Text(batch.Attributes(row)));
        Assert.Equal(new DateTimeOffset(2024, 5, 1, 10, 0, 0, TimeSpan.Zero), Time(row));
    }

    [Theory]
    [InlineData("2024-05-01T10:00:00.123456789Z", "2024-05-01T10:00:00.1234560Z")]
    [InlineData("2024-05-01T10:00:00.1+02:00", "2024-05-01T08:00:00.1000000Z")]
    [InlineData("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.9999990Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999990Z")]
    [InlineData("2024-05-01\\u005410:00:00\\u002B01:00", "2024-05-01T09:00:00.0000000Z")]
    public void Parse_TimeStamp_IsKeptToTheMicrosecond(string text, string expected)
    {
        using var batch = new EventBatch(1, 1);

        Assert.Null(Reason(Good.Replace("2024-05-01T10:00:00Z", text, StringComparison.Ordinal), batch));

        Assert.Equal(expected, Time(batch.Rows[0]).UtcDateTime.ToString("O"));
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("nonsense", "not JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "Missing: UserId, SessionId, EventName, TimeStamp, Attributes.")]
    [InlineData("""{"UserId":"u1"} {}""", "not JSON")]
    [InlineData("\"u1\",", "UserId is not a string.", "7,")]
    [InlineData("\"u1\",", "UserId is not a string.", "null,")]
    [InlineData("\"u1\",", "UserId is empty.", "\"\",")]
    [InlineData("\"u1\",", "UserId holds U+0000.", "\"a\\u0000b\",")]
    [InlineData("\"u1\",", "UserId holds half a surrogate pair.", "\"\\uD83D\",")]
    [InlineData("2024-05-01T10:00:00Z", "TimeStamp is not an ISO 8601 date and time with a zone.", "2024-05-01T10:00:00")]
    [InlineData("2024-05-01T10:00:00Z", "TimeStamp is not an ISO 8601 date and time with a zone.", "2024-05-01")]
    [InlineData("2024-05-01T10:00:00Z", "TimeStamp is not an ISO 8601 date and time with a zone.", "0001-01-01T00:00:00+14:00")]
    [InlineData("\"2024-05-01T10:00:00Z\"", "TimeStamp is not a string.", "1714557600")]
    [InlineData("1.5", "Attributes.Price is not a decimal number.", "\"1.5\"")]
    [InlineData("1.5", "Attributes.Price is not a decimal number.", "1e400")]
    [InlineData("\"ProductId\":\"p\",", "Missing in Attributes: ProductId.", "")]
    [InlineData("\"p\"", "Attributes.ProductId holds U+0000.", "\"\\u0000\"")]
    [InlineData("\"Discount\":0", "Attributes holds U+0000.", "\"Discount\":0,\"More\":{\"a\\u0000\":1}")]
    [InlineData("\"Discount\":0", "Attributes holds half a surrogate pair.", "\"Discount\":0,\"More\":[\"\\uDC00\"]")]
    [InlineData("\"Discount\":0", "Attributes holds a number that no decimal can be.", "\"Discount\":0,\"More\":[1e99999]")]
    [InlineData("{\"ProductId\":\"p\",\"Price\":1.5,\"Discount\":0}", "Attributes is not an object.", "[1]")]
    public void Parse_WhatIsNoEvent_SaysWhy(string part, string reason, string? replacement = null)
    {
        using var batch = new EventBatch(1, 1);

        var actual = Reason(replacement is null ? part : Good.Replace(part, replacement, StringComparison.Ordinal), batch);

        Assert.Contains(reason, actual, StringComparison.Ordinal);
        Assert.Equal(0, batch.Count);
    }

    [Fact]
    public void Parse_TextsAtTheLimit_AreMeasuredInCharacters()
    {
        using var batch = new EventBatch(1, 1);

        Assert.Null(Reason(Good.Replace("u1", new string('€', 128), StringComparison.Ordinal), batch));
        Assert.Equal("UserId has more than 128 characters.", Reason(Good.Replace("u1", new string('€', 129), StringComparison.Ordinal), batch));
        Assert.Null(Reason(Good.Replace("u1", string.Concat(Enumerable.Repeat("😀", 64)), StringComparison.Ordinal), batch));
        var faces = string.Concat(Enumerable.Repeat("😀", 65));
        Assert.Equal("SessionId has more than 128 characters.", Reason(Good.Replace("s1", faces, StringComparison.Ordinal), batch));
    }

    [Fact]
    public void Parse_BytesThatAreNotUtf8_IsRefused()
    {
        var payload = Encoding.UTF8.GetBytes(Good);
        payload[Good.IndexOf("u1", StringComparison.Ordinal)] = 0xFF;
        using var batch = new EventBatch(1, 1);

        Assert.False(new UserEventParser().TryParse(payload, 0, 0, batch, out var reason));

        Assert.Equal("The payload is not UTF-8.", reason);
    }

    [Theory]
    [InlineData("1e-5000", "0")]
    [InlineData("0.50000000000000000000000000000000000000000000000000000000000000000000000000", "0.5000000000000000000000000000")]
    public void Parse_NumbersThatADatabaseWouldExpand_AreWrittenAsDecimals(string number, string expected)
    {
        using var batch = new EventBatch(1, 1);

        Assert.Null(Reason(Good.Replace("1.5", number, StringComparison.Ordinal).Replace("\"p\"", "\"p\\\"\\u00e4\"", StringComparison.Ordinal), batch));

        using var attributes = JsonDocument.Parse(batch.Attributes(batch.Rows[0]).ToArray());
        Assert.Equal(decimal.Parse(expected), attributes.RootElement.GetProperty("Price").GetDecimal());
        Assert.True(attributes.RootElement.GetProperty("Price").GetRawText().Length < 64);
        Assert.Equal("p\"ä", attributes.RootElement.GetProperty("ProductId").GetString());
    }

    [Fact]
    public void Parse_MembersBeyondTheContract_AreKeptInAttributesOnly()
    {
        using var batch = new EventBatch(1, 1);
        var payload = Good.Replace("\"Discount\":0", "\"Discount\":0,\"Colour\":{\"R\":[1,2,{}]}", StringComparison.Ordinal)
            .Replace("{\"UserId\"", "{\"Extra\":[{}],\"UserId\"", StringComparison.Ordinal);

        Assert.Null(Reason(payload, batch));

        Assert.Equal("""{"ProductId":"p","Price":1.5,"Discount":0,"Colour":{"R":[1,2,{}]}}""", Text(batch.Attributes(batch.Rows[0])));
    }

    [Fact]
    public void Parse_AnyWritingOfAnyEvent_AgreesWithTheSerializer() =>
        Prop.ForAll(PayloadGenerator.Payloads.ToArbitrary(), payload =>
        {
            using var batch = new EventBatch(1, 1);
            var expected = Reference(payload);
            var parsed = new UserEventParser().TryParse(payload, 0, 0, batch, out var reason);
            return (parsed == expected is not null && (expected is null || Same(expected, batch)))
                .Label($"{Encoding.UTF8.GetString(payload)}\nexpected {expected}, reason {reason}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));

    /// <summary>What the serializer and the rules beyond it make of the payload; null where it is no event.</summary>
    private static UserEvent? Reference(byte[] payload)
    {
        if (!Utf8.IsValid(payload))
            return null;
        try
        {
            var value = JsonSerializer.Deserialize<UserEvent>(payload, _strict);
            if (value is null)
                return null;
            using var document = JsonDocument.Parse(payload);
            var time = document.RootElement.EnumerateObject().Last(p => p.Name == "TimeStamp").Value.GetString()!;
            string[] texts = [value.UserId, value.SessionId, value.EventName, value.Attributes.ProductId];
            return texts.All(t => t.Length is >= 1 and <= 128 && !t.Contains('\0', StringComparison.Ordinal)) && Zone().IsMatch(time) ? value : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool Same(UserEvent expected, EventBatch batch)
    {
        var row = batch.Rows[0];
        using var attributes = JsonDocument.Parse(batch.Attributes(row).ToArray());
        return Text(batch.UserId(row)) == expected.UserId
            && Text(batch.SessionId(row)) == expected.SessionId
            && Text(batch.EventName(row)) == expected.EventName
            && row.Microseconds == (expected.TimeStamp.UtcTicks / 10) - (DateTime.UnixEpoch.Ticks / 10)
            && attributes.RootElement.EnumerateObject().Last(p => p.Name == "ProductId").Value.GetString() == expected.Attributes.ProductId
            && attributes.RootElement.EnumerateObject().Last(p => p.Name == "Price").Value.GetDecimal() == expected.Attributes.Price
            && attributes.RootElement.EnumerateObject().Last(p => p.Name == "Discount").Value.GetDecimal() == expected.Attributes.Discount;
    }

    private static string? Reason(string payload, EventBatch batch) =>
        new UserEventParser().TryParse(Encoding.UTF8.GetBytes(payload), 0, batch.Count, batch, out var reason) ? null : reason;

    private static DateTimeOffset Time(in EventRow row) => DateTimeOffset.UnixEpoch.AddTicks(row.Microseconds * 10);

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    [GeneratedRegex("T.*(Z|[+-])")]
    private static partial Regex Zone();
}
