using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace Pipeline.ServiceDefaults.Access;

/// <summary>
/// The login for browsers: takes a key once and gives a ticket for it in a cookie that scripts do not see and other sites do not send. <c>POST /logout</c> takes it away.
/// </summary>
internal sealed class LoginPage(AccessKeys keys)
{
    /// <summary>The cookie's name.</summary>
    public const string Cookie = "pipeline-ticket";

    private const string Path = "/login";
    private const string LogoutPath = "/logout";
    private const string KeyField = "key";
    private const string TargetField = "to";
    private const int MaxForm = 8 << 10;

    /// <summary>Where a browser logs in to go on to what it asked for.</summary>
    public static string PathTo(HttpRequest request) =>
        $"{request.PathBase}{Path}?{TargetField}={Uri.EscapeDataString($"{request.PathBase}{request.Path}{request.QueryString}")}";

    /// <summary>Answers the login's own requests; null for all others.</summary>
    public Task? TryHandle(HttpContext context)
    {
        var request = context.Request;
        if (!keys.Any)
            return null;
        if (request.Path == Path)
        {
            return HttpMethods.IsPost(request.Method) ? LogInAsync(context)
                : HttpMethods.IsGet(request.Method) ? ShowAsync(context, request.Query[TargetField], wrong: false)
                : null;
        }

        return request.Path == LogoutPath && HttpMethods.IsPost(request.Method) ? LogOut(context) : null;
    }

    private async Task LogInAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType || context.Request.ContentLength is null or > MaxForm)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var target = form[TargetField].ToString();
        if (keys.IssueTicket(form[KeyField].ToString().Trim()) is not { } ticket)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            await ShowAsync(context, target, wrong: true);
            return;
        }

        context.Response.Cookies.Append(Cookie, ticket, CookieFor(context, keys.TicketLifetime));
        context.Response.Redirect(Local(target));
    }

    private static Task LogOut(HttpContext context)
    {
        context.Response.Cookies.Delete(Cookie, CookieFor(context, null));
        context.Response.Redirect(Path);
        return Task.CompletedTask;
    }

    private static CookieOptions CookieFor(HttpContext context, TimeSpan? lifetime) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = "/",
        MaxAge = lifetime,
        IsEssential = true,
    };

    /// <summary>A path of this host: nothing that leads a browser elsewhere.</summary>
    private static string Local(string? target) =>
        target is ['/', ..] and not ['/', '/' or '\\', ..] && !target.Any(char.IsControl) && !target.StartsWith(Path, StringComparison.OrdinalIgnoreCase) ? target : "/";

    private static Task ShowAsync(HttpContext context, string? target, bool wrong)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        context.Response.ContentType = "text/html; charset=utf-8";
        var page = $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Pipeline: log in</title>
            <style>
            :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
            body { display: grid; place-items: center; min-height: 100vh; margin: 0; }
            form { display: grid; gap: .75rem; width: min(22rem, 90vw); }
            h1 { font-size: 1.25rem; margin: 0; }
            input, button { font: inherit; padding: .5rem .75rem; border: 1px solid GrayText; border-radius: .375rem; }
            p { margin: 0; }
            </style>
            </head>
            <body>
            <form method="post" action="{{context.Request.PathBase}}{{Path}}">
            <h1>Pipeline</h1>
            <label for="key">Access key, one of those in <code>Access:Keys</code></label>
            <input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
            <input type="hidden" name="to" value="{{HtmlEncoder.Default.Encode(Local(target))}}">
            {{(wrong ? "<p role=\"alert\">That is none of the keys.</p>" : "")}}
            <button>Log in</button>
            </form>
            </body>
            </html>
            """;
        return context.Response.WriteAsync(page, Encoding.UTF8, context.RequestAborted);
    }
}
