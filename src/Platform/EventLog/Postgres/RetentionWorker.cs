using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Pipeline.EventLog.Postgres;

/// <summary>Looks after the chunks of the log from time to time.</summary>
internal sealed class RetentionWorker(PostgresEventLog log, IOptions<PostgresLogOptions> options, TimeProvider time, ILogger<RetentionWorker> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.RetentionInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await log.Chunks.RunAsync(stoppingToken);
            }
            catch (Exception e) when (e is TransientException or TerminalException)
            {
                Log.RetentionFailed(logger, e.Message);
            }
        }
    }
}
