using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Pipeline.Hosting;

/// <summary>The answer at <c>/routes</c>: what can be asked here, read from the routes themselves.</summary>
internal static class IndexEndpoint
{
    public static void MapIndex(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/routes", (EndpointDataSource routes) => Results.Text(Render(routes))).ExcludeFromDescription();

    private static string Render(EndpointDataSource routes)
    {
        var lines = routes.Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText is not (null or "/") && !e.RoutePattern.RawText.StartsWith("/console", StringComparison.Ordinal))
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
                .Select(method => (Path: e.RoutePattern.RawText!, Method: method, e.Metadata.GetMetadata<IEndpointSummaryMetadata>()?.Summary)))
            .OrderBy(r => r.Path, StringComparer.OrdinalIgnoreCase)
            .Select(r => $"{r.Method,-6} {r.Path,-36} {r.Summary}".TrimEnd());
        return "Pipeline\n\n" + string.Join('\n', lines) + "\n";
    }
}
