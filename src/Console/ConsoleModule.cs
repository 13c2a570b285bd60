using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Console.Actions;
using Pipeline.Console.Parts;

namespace Pipeline.Console;

/// <summary>
/// The web console: pages for people who would rather look than read. Components are rendered on the server for each request; what is live on a page is asked
/// for again by its script. Needs the modules whose requests the pages send.
/// </summary>
public static class ConsoleModule
{
    /// <summary>Adds what the pages need.</summary>
    /// <param name="services">The host's services.</param>
    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddOutputCache(cache =>
        {
            cache.SizeLimit = 8 << 20;
            cache.MaximumBodySize = 1 << 20;
        });
        return services;
    }

    /// <summary>Maps the overview at <c>/</c>, the other pages below <c>/console</c> and their files below <c>/console-files</c>.</summary>
    /// <param name="app">The host. Its middleware that decides who may see pages must come before this.</param>
    public static WebApplication MapConsole(this WebApplication app)
    {
        IEndpointRouteBuilder endpoints = app;
        app.UseWhen(context => context.Request.Headers.ContainsKey(Live.Header), parts => parts.UseOutputCache());
        ConsoleFiles.Map(endpoints);
        LakeActions.Map(endpoints);
        TrafficActions.Map(endpoints);
        SqlActions.Map(endpoints);
        NotebookActions.Map(endpoints);
        endpoints.MapRazorComponents<App>().DisableAntiforgery().CacheOutput(policy => policy.AddPolicy<PartsPolicy>(), excludeDefaultPolicy: true);
        return app;
    }
}
