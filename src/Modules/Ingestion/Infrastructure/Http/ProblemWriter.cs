using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Infrastructure.Http;

/// <summary>Writes RFC 9457 problem details with one message for each wrong field.</summary>
internal static class ProblemWriter
{
    public static ReadOnlyMemory<byte> Write(int status, string title, FieldErrors? errors)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, CanonicalWriter.Options))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, $"https://www.rfc-editor.org/rfc/rfc9110#status.{status}");
            json.WriteString("title"u8, title);
            json.WriteNumber("status"u8, status);
            json.WriteString("detail"u8, ReasonPhrases.GetReasonPhrase(status));
            if (errors is { IsEmpty: false })
                WriteErrors(json, errors);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteErrors(Utf8JsonWriter json, FieldErrors errors)
    {
        json.WriteStartObject("errors"u8);
        foreach (var (path, message) in errors.Messages)
        {
            json.WriteStartArray(path);
            json.WriteStringValue(message);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        if (errors.Truncated)
            json.WriteBoolean("truncated"u8, true);
    }
}
