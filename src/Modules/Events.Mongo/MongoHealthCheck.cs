using Microsoft.Extensions.Diagnostics.HealthChecks;
using MongoDB.Driver;

namespace Pipeline.Events.Mongo;

/// <summary>Healthy when the server answers.</summary>
internal sealed class MongoHealthCheck(MongoEvents events) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await events.PingAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is MongoException or TimeoutException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "MongoDB does not answer.", e);
        }
    }
}
