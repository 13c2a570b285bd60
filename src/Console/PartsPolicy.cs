using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.Primitives;
using Pipeline.Console.Parts;

namespace Pipeline.Console;

/// <summary>
/// Parts of pages that are asked for again and again are rendered once for all who look at the same: any number of open pages costs about as much as one. What a
/// page shows is that old at most. Nothing on a page is of one person only.
/// </summary>
internal sealed class PartsPolicy : IOutputCachePolicy
{
    /// <summary>Shorter than the shortest time between two refreshes of a part.</summary>
    private static readonly TimeSpan _kept = TimeSpan.FromMilliseconds(800);

    public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var request = context.HttpContext.Request;
        var isPart = HttpMethods.IsGet(request.Method) && request.Headers.ContainsKey(Live.Header);
        context.EnableOutputCaching = context.AllowCacheLookup = context.AllowCacheStorage = context.AllowLocking = isPart;
        context.CacheVaryByRules.HeaderNames = Live.Header;
        context.CacheVaryByRules.QueryKeys = "*";
        context.ResponseExpirationTimeSpan = _kept;
        return ValueTask.CompletedTask;
    }

    public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var response = context.HttpContext.Response;
        context.AllowCacheStorage = response.StatusCode == StatusCodes.Status200OK && StringValues.IsNullOrEmpty(response.Headers.SetCookie);
        return ValueTask.CompletedTask;
    }
}
