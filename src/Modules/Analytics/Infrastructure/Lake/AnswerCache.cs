using Microsoft.Extensions.Caching.Memory;
using Pipeline.Analytics.Domain;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>What makes two answers the same.</summary>
internal sealed record AnswerKey(string Question, string Arguments, LakePosition Position);

/// <summary>A computed answer.</summary>
/// <param name="Value">The answer.</param>
/// <param name="Rows">How many rows it has.</param>
/// <param name="Standing">For how long it stands for the answer over newer versions as well.</param>
internal sealed record ComputedAnswer(object Value, int Rows, TimeSpan Standing = default);

/// <summary>
/// Keeps answers, bounded by their rows, and lets all who ask the same at the same time wait for one computation. The computation is cancelled when
/// nobody waits for it any more.
/// </summary>
internal sealed class AnswerCache(int rows) : IDisposable
{
    private static readonly TimeSpan _unused = TimeSpan.FromMinutes(2);

    // An answer without rows takes room as well.
    private const int Overhead = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<AnswerKey, Flight> _flights = [];
    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = rows });

    /// <summary>The answer, known or computed.</summary>
    /// <param name="key">What is asked.</param>
    /// <param name="exact">Whether an answer over an older version will not do.</param>
    /// <param name="compute">Computes it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<object> GetAsync(AnswerKey key, bool exact, Func<CancellationToken, Task<ComputedAnswer>> compute, CancellationToken cancellationToken)
    {
        Flight? flight;
        lock (_lock)
        {
            if (Find(key, exact) is { } known)
            {
                AnalyticsMetrics.Cached(key.Question);
                return known;
            }

            if (!_flights.TryGetValue(key, out flight))
            {
                var stop = new CancellationTokenSource();
                _flights[key] = flight = new Flight(stop);
                flight.Task = Task.Run(() => RunAsync(key, flight, compute), CancellationToken.None);
            }

            flight.Waiters++;
        }

        try
        {
            return await flight.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(key, flight);
        }
    }

    public void Dispose() => _known.Dispose();

    private static (string Question, string Arguments, string Table) AnyVersion(AnswerKey key) => (key.Question, key.Arguments, key.Position.Table);

    private object? Find(AnswerKey key, bool exact) =>
        _known.TryGetValue(key, out var known) || (!exact && _known.TryGetValue(AnyVersion(key), out known)) ? known : null;

    private async Task<object> RunAsync(AnswerKey key, Flight flight, Func<CancellationToken, Task<ComputedAnswer>> compute)
    {
        try
        {
            var answer = await compute(flight.Stop.Token);
            var size = answer.Rows + Overhead;
            _known.Set(key, answer.Value, new MemoryCacheEntryOptions { Size = size, SlidingExpiration = _unused });
            if (answer.Standing > TimeSpan.Zero)
                _known.Set(AnyVersion(key), answer.Value, new MemoryCacheEntryOptions { Size = size, AbsoluteExpirationRelativeToNow = answer.Standing });
            return answer.Value;
        }
        finally
        {
            lock (_lock)
                Forget(key, flight);
        }
    }

    private void Leave(AnswerKey key, Flight flight)
    {
        lock (_lock)
        {
            if (--flight.Waiters > 0 || flight.Task.IsCompleted)
                return;
            Forget(key, flight);
        }

        flight.Stop.Cancel();
    }

    private void Forget(AnswerKey key, Flight flight)
    {
        if (_flights.GetValueOrDefault(key) == flight)
            _flights.Remove(key);
    }

    private sealed class Flight(CancellationTokenSource stop)
    {
        public CancellationTokenSource Stop { get; } = stop;

        public Task<object> Task { get; set; } = null!;

        public int Waiters { get; set; }
    }
}
