using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Console.Actions;

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
        return services;
    }

    /// <summary>Maps the overview at <c>/</c>, the other pages below <c>/console</c> and their files below <c>/console-files</c>.</summary>
    /// <param name="endpoints">The host's routes.</param>
    public static IEndpointRouteBuilder MapConsole(this IEndpointRouteBuilder endpoints)
    {
        ConsoleFiles.Map(endpoints);
        LakeActions.Map(endpoints);
        TrafficActions.Map(endpoints);
        SqlActions.Map(endpoints);
        NotebookActions.Map(endpoints);
        endpoints.MapRazorComponents<App>().DisableAntiforgery();
        return endpoints;
    }
}
