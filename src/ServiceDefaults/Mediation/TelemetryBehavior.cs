using System.Diagnostics;
using MediatR;

namespace Pipeline.ServiceDefaults.Mediation;

/// <summary>Gives every use case a span, a duration and an outcome.</summary>
internal sealed class TelemetryBehavior<TRequest, TResponse> : IPipelineBehavior<TRequest, TResponse>
{
    private static readonly string _name = typeof(TRequest).Name;
    private static readonly KeyValuePair<string, object?> _requestTag = new("request", _name);

    public Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        // Started where it ends, since what starts here would be current for the caller too.
        var activity = UseCaseTelemetry.Source.CreateActivity(_name, ActivityKind.Internal);
        return activity is not null || UseCaseTelemetry.Duration.Enabled ? Observe(activity, next) : next();
    }

    private static async Task<TResponse> Observe(Activity? created, RequestHandlerDelegate<TResponse> next)
    {
        using var activity = created?.Start();
        var started = Stopwatch.GetTimestamp();
        var outcome = "ok";
        try
        {
            return await next();
        }
        catch (Exception e)
        {
            outcome = e is OperationCanceledException ? "cancelled" : "error";
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }
        finally
        {
            UseCaseTelemetry.Duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, _requestTag, new KeyValuePair<string, object?>("outcome", outcome));
        }
    }
}
