using Microsoft.Extensions.Logging;

namespace Pipeline.Ingestion.Application;

/// <summary>
/// Keeps a key reserved for its holder until it is disposed of. A search of the log, or an append, may take longer than the lease that a reservation begins with, and whoever
/// took the key over in the meantime would append the same records again.
/// </summary>
internal sealed class KeyLease : IAsyncDisposable
{
    /// <summary>A third of a lease: two renewals may fail before it is over.</summary>
    private static readonly TimeSpan _age = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    private readonly IIdempotencyStore _keys;
    private readonly string _key;
    private readonly int _tries;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private long _renewed;
    private int _renewing;

    /// <param name="keys">The store.</param>
    /// <param name="key">The key with its route.</param>
    /// <param name="tries"><see cref="Reservation.Tries"/> of the reservation.</param>
    /// <param name="since">When the reservation was asked for.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Takes what goes wrong.</param>
    public KeyLease(IIdempotencyStore keys, string key, int tries, DateTimeOffset since, TimeProvider time, ILogger logger)
    {
        _keys = keys;
        _key = key;
        _tries = tries;
        _renewed = since.UtcTicks;
        _time = time;
        _logger = logger;
        _timer = time.CreateTimer(static lease => _ = ((KeyLease)lease!).TickAsync(), this, _tick, _tick);
    }

    private bool IsOld => _time.GetUtcNow().UtcTicks - Volatile.Read(ref _renewed) >= _age.Ticks;

    /// <summary>Makes sure, right before an append, that the key is still the caller's and stays so for a while. False where another try has taken it over.</summary>
    /// <exception cref="TransientException">The store is away.</exception>
    public async ValueTask<bool> IsHeldAsync()
    {
        // An answer that came late is old as well.
        while (IsOld)
        {
            if (!await RenewAsync())
                return false;
        }

        return true;
    }

    /// <summary>Begins the lease anew for an append that failed and may yet happen, so that all of it has to pass before the next try.</summary>
    public async ValueTask ExtendAsync()
    {
        try
        {
            await RenewAsync();
        }
        catch (Exception e) when (e is TransientException or TerminalException)
        {
            Log.LeaseNotRenewed(_logger, _key, e.Message);
        }
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private async Task<bool> RenewAsync()
    {
        var now = _time.GetUtcNow().UtcTicks;
        using var patience = new CancellationTokenSource(_patience);
        try
        {
            if (await _keys.RenewAsync(_key, _tries, patience.Token))
            {
                Volatile.Write(ref _renewed, now);
                return true;
            }
        }
        catch (OperationCanceledException e)
        {
            throw new TransientException($"Holding idempotency key {_key}: no answer within {_patience.TotalSeconds} s.", e);
        }

        // It will never be held again.
        await _timer.DisposeAsync();
        return false;
    }

    private async Task TickAsync()
    {
        if (!IsOld || Interlocked.Exchange(ref _renewing, 1) != 0)
            return;
        try
        {
            await ExtendAsync();
        }
        finally
        {
            Volatile.Write(ref _renewing, 0);
        }
    }
}
