using System.Diagnostics;
using System.Text.Json;

namespace Pipeline.Ingestion.Application;

/// <summary>Says in a request's span what it brought. Only for requests that are traced.</summary>
internal static class RequestTrace
{
    /// <summary>The tag of the orders' ids.</summary>
    public const string OrderIds = "pipeline.order.ids";

    /// <summary>The tag of the users' ids.</summary>
    public const string UserIds = "pipeline.user.ids";

    /// <summary>The tag of the number of records.</summary>
    private const string Records = "pipeline.records";

    /// <summary>The most ids of a kind.</summary>
    private const int MaxIds = 32;

    /// <summary>Tags the current span with the first ids of the records.</summary>
    public static void Describe(in ReadRequest read)
    {
        if (Activity.Current is not { IsAllDataRequested: true } activity)
            return;
        var orders = new List<string>();
        var users = new List<string>();
        for (var i = 0; i < read.Count && orders.Count < MaxIds && users.Count < MaxIds; i++)
            Collect(read.Value(read[i]).Span, orders, users);
        activity.SetTag(Records, read.Count).SetTag(UserIds, users.ToArray());
        if (orders.Count > 0)
            activity.SetTag(OrderIds, orders.ToArray());
    }

    private static void Collect(ReadOnlySpan<byte> record, List<string> orders, List<string> users)
    {
        var reader = new Utf8JsonReader(record);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var ids = reader.ValueTextEquals("OrderId"u8) ? orders : reader.ValueTextEquals("UserId"u8) ? users : null;
            reader.Read();
            if (ids is not null && Text(ref reader) is { } id && !ids.Contains(id))
                ids.Add(id);
            reader.Skip();
        }
    }

    /// <summary>The string at hand; null where its escapes are half a character.</summary>
    private static string? Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
