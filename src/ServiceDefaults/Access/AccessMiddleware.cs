using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.ServiceDefaults.Access;

/// <summary>
/// Lets in who may. With keys: who shows one, or a ticket for one; only <c>/alive</c>, <c>/ready</c> and the login are open. Without: who addresses the host by a loopback name or a configured
/// one, so that a web page cannot get in by a name of its own that leads here. In both cases no browser changes anything for the page of another site.
/// </summary>
internal sealed class AccessMiddleware(AccessKeys keys, AllowedHosts hosts, LoginPage login) : IStartupFilter
{
    /// <summary>The header for a key where Authorization is taken.</summary>
    public const string KeyHeader = "X-Api-Key";

    private const string Bearer = "Bearer ";
    private const string AlivePath = "/alive";
    private const string ReadyPath = "/ready";

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(HandleAsync);
        next(app);
    };

    // On the way of every request: what is fine takes a few comparisons and no allocation.
    private Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (!keys.Any && !hosts.Allows(request.Host))
        {
            return RefuseAsync(context, StatusCodes.Status421MisdirectedRequest, "This host is not known here by that name.",
                $"Without access keys only loopback names are; allow {AllowedHosts.NameOf(request.Host)} by Access__Hosts__0, or address it as 127.0.0.1.");
        }

        if (!IsSafe(request) && IsForeign(request))
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "Pages of other sites may not change anything here.", "The browser says that another site sent this request.");
        if (login.TryHandle(context) is { } handled)
            return handled;
        if (!keys.Any || request.Path == AlivePath || request.Path == ReadyPath || IsAuthorised(request))
            return next(context);
        if (HttpMethods.IsGet(request.Method) && AcceptsHtml(request))
        {
            context.Response.Redirect(LoginPage.PathTo(request));
            return Task.CompletedTask;
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return RefuseAsync(context, StatusCodes.Status401Unauthorized, "An access key is needed.", $"Send Authorization: Bearer KEY or {KeyHeader}: KEY with one of the keys in Access:Keys.");
    }

    private bool IsAuthorised(HttpRequest request)
    {
        var authorization = request.Headers.Authorization;
        if (authorization.Count == 1 && authorization[0] is { } text && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return keys.IsKey(text[Bearer.Length..].Trim());
        if (request.Headers.TryGetValue(KeyHeader, out var key))
            return key.Count == 1 && keys.IsKey(key[0]);
        return keys.IsTicket(request.Cookies[LoginPage.Cookie]);
    }

    /// <summary>Whether the request only asks. A web socket starts as a GET but then does what it wants.</summary>
    private static bool IsSafe(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        && request.Headers.Upgrade.Count == 0;

    /// <summary>Whether a browser sends it for the page of another site. Programs that are no browsers send neither header.</summary>
    private bool IsForeign(HttpRequest request)
    {
        if (request.Headers.Origin.Count > 0)
            return !hosts.IsOwnOrigin(request.Headers.Origin.ToString(), request.Host);
        return request.Headers.TryGetValue("Sec-Fetch-Site", out var site) && site.ToString() is "cross-site" or "same-site";
    }

    private static bool AcceptsHtml(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var types) && types.Any(t => t.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase));

    private static Task RefuseAsync(HttpContext context, int status, string title, string detail)
    {
        context.Response.StatusCode = status;
        RefusedRequests.Trace(context, status, ReasonPhrases.GetReasonPhrase(status));
        return Results.Problem(detail, statusCode: status, title: title).ExecuteAsync(context);
    }
}
