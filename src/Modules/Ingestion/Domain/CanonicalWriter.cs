using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Ingestion.Domain;

/// <summary>Writes complete drafts as canonical JSON: PascalCase names, in the order of the contract, one line.</summary>
internal static class CanonicalWriter
{
    /// <summary>The payload goes to a log and to Parquet, never into HTML: text stays readable.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(Utf8JsonWriter json, UserEventDraft draft)
    {
        json.WriteStartObject();
        json.WriteString("UserId"u8, draft.UserId);
        json.WriteString("SessionId"u8, draft.SessionId);
        json.WriteString("EventName"u8, draft.EventName);
        json.WriteString("TimeStamp"u8, draft.TimeStamp);
        json.WriteStartObject("Attributes"u8);
        json.WriteString("ProductId"u8, draft.Attributes!.ProductId);
        json.WriteNumber("Price"u8, draft.Attributes.Price!.Value);
        json.WriteNumber("Discount"u8, draft.Attributes.Discount!.Value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, OrderDraft draft)
    {
        json.WriteStartObject();
        json.WriteString("SessionId"u8, draft.SessionId);
        json.WriteString("TimeStamp"u8, draft.TimeStamp);
        json.WriteString("UserId"u8, draft.UserId);
        json.WriteNumber("TotalPrice"u8, draft.TotalPrice!.Value);
        json.WriteString("OrderId"u8, draft.OrderId);
        json.WriteStartArray("Products"u8);
        foreach (var product in draft.Products!)
        {
            json.WriteStartObject();
            json.WriteString("ProductId"u8, product.ProductId);
            json.WriteNumber("ItemCount"u8, product.ItemCount!.Value);
            json.WriteNumber("ItemPrice"u8, product.ItemPrice!.Value);
            json.WriteNumber("ItemDiscount"u8, product.ItemDiscount!.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("PaymentType"u8, draft.PaymentType);
        json.WriteEndObject();
    }
}
