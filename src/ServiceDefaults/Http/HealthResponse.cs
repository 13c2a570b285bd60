using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.ServiceDefaults.Http;

/// <summary>Writes a health report as <c>{ "Status": "Healthy", "Checks": [{ "Name", "Status", "Description" }] }</c>.</summary>
internal static class HealthResponse
{
    public static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("Status", report.Status.ToString());
        json.WriteStartArray("Checks");
        foreach (var (name, entry) in report.Entries)
        {
            json.WriteStartObject();
            json.WriteString("Name", name);
            json.WriteString("Status", entry.Status.ToString());
            if (entry.Description is not null)
                json.WriteString("Description", entry.Description);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
