using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.ServiceDefaults.Http;

/// <summary>
/// Says whether the process can do its work, and no more: who asks needs no key. All who ask within a second share one look, so that asking often is no way to load the stores.
/// </summary>
internal sealed class Readiness(HealthCheckService checks, TimeProvider time)
{
    private static readonly TimeSpan _fresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Task<HealthStatus>? _look;
    private long _began;

    /// <summary>200 where it can, else 503, as <c>{ "Status": "Healthy" }</c>.</summary>
    public static async Task<IResult> AnswerAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var status = await readiness.LookAsync().WaitAsync(cancellationToken);
        return Results.Text(
            $$"""{"Status":"{{status}}"}""", "application/json",
            statusCode: status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    private Task<HealthStatus> LookAsync()
    {
        lock (_gate)
        {
            if (_look is null || (_look.IsCompleted && time.GetElapsedTime(_began) >= _fresh))
            {
                _began = time.GetTimestamp();
                _look = CheckAsync();
            }

            return _look;
        }
    }

    private async Task<HealthStatus> CheckAsync()
    {
        // Not within the lock of the first who asks.
        await Task.Yield();
        using var timeout = new CancellationTokenSource(_timeout, time);
        try
        {
            return (await checks.CheckHealthAsync(timeout.Token)).Status;
        }
        catch (OperationCanceledException)
        {
            return HealthStatus.Unhealthy;
        }
    }
}
