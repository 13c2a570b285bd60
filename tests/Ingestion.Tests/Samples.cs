using System.Text;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Tests;

internal static class Samples
{
    public static readonly RecordLimits Limits = new(DateTimeOffset.UnixEpoch, new DateTimeOffset(2026, 11, 21, 0, 0, 0, TimeSpan.Zero));

    public const string Event = """
        {"UserId":"user-17","SessionId":"s-1","EventName":"AddedBasket","TimeStamp":"2026-01-20T10:15:30Z","Attributes":{"ProductId":"p-5","Price":19.99,"Discount":2.5}}
        """;

    public const string Order = """
        {"SessionId":"s-1","TimeStamp":"2026-01-20T10:20:00.25+02:00","UserId":"user-17","TotalPrice":34.98,"OrderId":"o-1","Products":[{"ProductId":"p-5","ItemCount":2,"ItemPrice":19.99,"ItemDiscount":2.5}],"PaymentType":"CreditCard"}
        """;

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
