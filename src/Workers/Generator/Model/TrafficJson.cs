using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Workers.Generator;

/// <summary>
/// Writes events and orders as the bodies of <c>PUT /SendEvent</c> and <c>POST /PurchasedItems</c>: compact UTF-8 JSON in PascalCase, members in
/// the order of the contract, timestamps in UTC with <c>Z</c>, decimals as numbers with the digits they have.
/// </summary>
public static class TrafficJson
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Appends one event.</summary>
    public static void Write(IBufferWriter<byte> output, UserEvent userEvent)
    {
        ArgumentNullException.ThrowIfNull(userEvent);
        using var writer = new Utf8JsonWriter(output, _options);
        writer.WriteStartObject();
        writer.WriteString("UserId"u8, userEvent.UserId);
        writer.WriteString("SessionId"u8, userEvent.SessionId);
        writer.WriteString("EventName"u8, userEvent.EventName);
        writer.WriteString("TimeStamp"u8, userEvent.TimeStamp.UtcDateTime);
        writer.WriteStartObject("Attributes"u8);
        writer.WriteString("ProductId"u8, userEvent.Attributes.ProductId);
        writer.WriteNumber("Price"u8, userEvent.Attributes.Price);
        writer.WriteNumber("Discount"u8, userEvent.Attributes.Discount);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Appends an array of orders.</summary>
    public static void Write(IBufferWriter<byte> output, IEnumerable<PurchasedOrder> orders)
    {
        ArgumentNullException.ThrowIfNull(orders);
        using var writer = new Utf8JsonWriter(output, _options);
        writer.WriteStartArray();
        foreach (var order in orders)
            Write(writer, order);
        writer.WriteEndArray();
    }

    /// <summary>Appends one order, as it is inside the array.</summary>
    public static void Write(IBufferWriter<byte> output, PurchasedOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        using var writer = new Utf8JsonWriter(output, _options);
        Write(writer, order);
    }

    private static void Write(Utf8JsonWriter writer, PurchasedOrder order)
    {
        writer.WriteStartObject();
        writer.WriteString("SessionId"u8, order.SessionId);
        writer.WriteString("TimeStamp"u8, order.TimeStamp.UtcDateTime);
        writer.WriteString("UserId"u8, order.UserId);
        writer.WriteNumber("TotalPrice"u8, order.TotalPrice);
        writer.WriteString("OrderId"u8, order.OrderId);
        writer.WriteStartArray("Products"u8);
        foreach (var product in order.Products)
        {
            writer.WriteStartObject();
            writer.WriteString("ProductId"u8, product.ProductId);
            writer.WriteNumber("ItemCount"u8, product.ItemCount);
            writer.WriteNumber("ItemPrice"u8, product.ItemPrice);
            writer.WriteNumber("ItemDiscount"u8, product.ItemDiscount);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("PaymentType"u8, order.PaymentType);
        writer.WriteEndObject();
    }
}
