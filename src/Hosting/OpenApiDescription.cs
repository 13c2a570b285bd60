using Microsoft.AspNetCore.OpenApi;

namespace Pipeline.Hosting;

/// <summary>The head of <c>/openapi/v1.json</c>.</summary>
internal static class OpenApiDescription
{
    public static void Configure(OpenApiOptions options) => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info.Title = "Pipeline";
        document.Info.Version = typeof(OpenApiDescription).Assembly.GetName().Version?.ToString(3) ?? "0";
        document.Info.Description = "Takes user events and orders, counts, lands and analyses them. JSON members are PascalCase; timestamps are ISO 8601 with a zone.";
        return Task.CompletedTask;
    });
}
