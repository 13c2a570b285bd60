using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>Lets refused requests be seen among the traces though most requests are not traced: one that has no span gets a short one when it is refused.</summary>
public static class RefusedRequests
{
    /// <summary>The tag that says why.</summary>
    public const string ReasonTag = "pipeline.refused";

    private static readonly ActivitySource _source = new("Pipeline.Http");

    /// <summary>Notes that a request is refused.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The status that it is answered with.</param>
    /// <param name="reason">Why, in a word or a sentence.</param>
    public static void Trace(HttpContext context, int status, string reason)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (Activity.Current is { } traced)
        {
            traced.SetTag(ReasonTag, reason);
            return;
        }

        using var activity = _source.StartActivity("refused", ActivityKind.Server);
        if (activity is not { IsAllDataRequested: true })
            return;
        activity.DisplayName = $"{context.Request.Method} {context.Request.Path}";
        activity.SetTag("http.request.method", context.Request.Method).SetTag("url.path", context.Request.Path.Value)
            .SetTag("http.response.status_code", status).SetTag("error.type", status.ToString(CultureInfo.InvariantCulture)).SetTag(ReasonTag, reason)
            .SetStatus(ActivityStatusCode.Error, reason);
    }
}
