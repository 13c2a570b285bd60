using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.Access;
using Pipeline.ServiceDefaults.Http;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.ServiceDefaults;

/// <summary>What every host of Pipeline has: telemetry, health, problem details, the clock.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>The tag of the checks that say whether the process itself lives.</summary>
    private const string LiveTag = "live";

    /// <summary>Adds telemetry, access by keys, health checks, the conventions of JSON, problem details and <see cref="TimeProvider"/>.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="serviceName">The service's name in telemetry.</param>
    public static IHostApplicationBuilder AddServiceDefaults(this IHostApplicationBuilder builder, string serviceName)
    {
        builder.AddTelemetry(serviceName);
        builder.AddAccess();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = null; // PascalCase, as the routes of the shops have it
            json.SerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // answers are JSON, never part of a page
        });
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<ProblemExceptionHandler>();
        builder.Services.TryAddSingleton<Readiness>();
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [LiveTag]);
        return builder;
    }

    /// <summary>
    /// Maps <c>/alive</c> (the process answers), <c>/ready</c> (it can do its work: every registered check) and <c>/health</c> (the same; 503 names the failing ones).
    /// The first two need no key, for those who watch from outside hold none.
    /// </summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = check => check.Tags.Contains(LiveTag), ResponseWriter = HealthResponse.WriteAsync });
        endpoints.MapGet("/ready", Readiness.AnswerAsync).ExcludeFromDescription();
        endpoints.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = HealthResponse.WriteAsync });
        return endpoints;
    }
}
