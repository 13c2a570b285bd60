using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Pipeline.Events.Application;

/// <summary>
/// Repeats what failed with a <see cref="TransientException"/> until it succeeds: pauses double from 100 ms to the configured maximum, each shortened by up
/// to half at random.
/// </summary>
internal sealed class Retry(IOptions<EventsOptions> options, TimeProvider time, ILogger<Retry> logger)
{
    private static readonly TimeSpan _first = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs the work until it succeeds, fails otherwise or is cancelled.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="operation">What it is, for the log.</param>
    /// <param name="cancellationToken">Ends work and pauses.</param>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, string operation, CancellationToken cancellationToken)
    {
        for (var pause = _first; ; pause = Longer(pause))
        {
            try
            {
                return await work(cancellationToken);
            }
            catch (TransientException e)
            {
                EventsMetrics.Retried(operation);
                Log.Retrying(logger, operation, e.Message);
            }

            // Several workers that lost the same server shall not come back at once.
            await Task.Delay(pause * (1 - (Random.Shared.NextDouble() / 2)), time, cancellationToken);
        }
    }

    private TimeSpan Longer(TimeSpan pause) => pause * 2 < options.Value.MaxRetryDelay ? pause * 2 : options.Value.MaxRetryDelay;
}
