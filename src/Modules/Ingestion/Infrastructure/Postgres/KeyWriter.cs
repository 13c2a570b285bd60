using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Ingestion.Application;
using Pipeline.Postgres;

namespace Pipeline.Ingestion.Infrastructure.Postgres;

/// <summary>
/// Group commit of idempotency keys, as the log's writer does it: one thread reserves all that waits in one transaction and completes all that waits in another, so
/// that many requests cost few transactions, and nothing waits for a timer.
/// </summary>
internal sealed class KeyWriter(NpgsqlDataSource dataSource, IngestionOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private const int MaxBatch = 1_000;
    private const int MaxBatchBytes = 4 << 20;
    private const long MaxWaitingBytes = 64L << 20;
    private const int Attempts = 5;

    private static readonly TimeSpan _backoff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _drainTimeout = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<PendingReservation> _reservations = new();
    private readonly Queue<PendingCompletion> _completions = new();
    private readonly List<PendingReservation> _reserving = [];
    private readonly List<PendingCompletion> _completing = [];
    private Thread? _thread;
    private KeyCommand? _command;
    private long _sequence;
    private long _answerBytes;
    private bool _idle = true;
    private bool _delayed;
    private bool _stopping;

    /// <summary>Reserves a key in the next transaction.</summary>
    public Task<Reservation> ReserveAsync(string key, ReadOnlyMemory<byte> bodyHash, long[] startOffsets, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<Reservation>(cancellationToken);
        PendingReservation reservation;
        lock (_lock)
        {
            if (_stopping)
                return Task.FromException<Reservation>(new TransientException($"Reserving idempotency key {key}: the process is stopping."));
            if (_reservations.Count + _completions.Count >= 2 * options.MaxInFlightRequests || _answerBytes >= MaxWaitingBytes)
            {
                return Task.FromException<Reservation>(new TransientException(
                    $"Reserving idempotency key {key}: {_reservations.Count} keys and {_completions.Count} answers of {_answerBytes} bytes wait to be written already."));
            }

            reservation = new PendingReservation(key, bodyHash, startOffsets, _sequence++);
            _reservations.Enqueue(reservation);
            Wake();
        }

        return cancellationToken.CanBeCanceled ? WaitAsync(reservation, cancellationToken) : reservation.Task;
    }

    /// <summary>Stores an answer in the next transaction, or gives the key up where the answer is empty. Kept while PostgreSQL is away.</summary>
    public Task CompleteAsync(string key, int tries, ReadOnlyMemory<byte> answer)
    {
        var completion = new PendingCompletion(key, tries, answer);
        lock (_lock)
        {
            // Never refused for their number: each belongs to a reservation, and those are.
            if (_ended.Task.IsCompleted)
                return Task.FromException(new TransientException($"Completing idempotency key {key}: the process is stopping."));
            Enqueue(completion);
            Wake();
        }

        return completion.Task;
    }

    /// <summary>Writes what waits, within a limit of time, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _stopping = true;
            if (_thread is null)
                _ended.TrySetResult();
        }

        _wake.Set();
        await _ended.Task.WaitAsync(_drainTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            _ended.TrySetResult();
            var reason = new TransientException($"the process stopped before it was written within {_drainTimeout}");
            while (_reservations.TryDequeue(out var reservation))
                Fail(reservation, reason);
            if (_completions.Count > 0)
                Log.CompletionsLost(logger, _completions.Count, reason.Message);
            while (_completions.TryDequeue(out var completion))
                Fail(completion, reason);
        }
    }

    private static async Task<Reservation> WaitAsync(PendingReservation reservation, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(static (state, token) => ((PendingReservation)state!).TrySetCanceled(token), reservation);
        return await reservation.Task;
    }

    private void Enqueue(PendingCompletion completion)
    {
        _completions.Enqueue(completion);
        _answerBytes += completion.Answer.Length;
    }

    private void Wake()
    {
        if (_thread is null)
        {
            _thread = new Thread(Run) { IsBackground = true, Name = "idempotency keys" };

            // Without the trace of the request that happens to be the first.
            _thread.UnsafeStart();
        }

        if (!_idle)
            return;
        _idle = false;
        _wake.Set();
    }

    private void Run()
    {
        while (Take(out var isIdle))
        {
            if (isIdle)
                _wake.WaitOne(_delayed ? _backoff : Timeout.InfiniteTimeSpan);
            _delayed = false;
            if (_completing.Count > 0)
                Complete(_completing);
            if (_reserving.Count > 0)
                Reserve(_reserving);
        }

        _command?.Dispose();
    }

    /// <summary>Takes what the next transactions carry; nothing where the writer is to wait. False when it is to end.</summary>
    private bool Take(out bool isIdle)
    {
        _reserving.Clear();
        _completing.Clear();
        var bytes = 0;
        lock (_lock)
        {
            // What failed a moment ago waits, unless there is something new to try.
            _idle = isIdle = _reservations.Count == 0 && (_delayed || _completions.Count == 0);
            if (isIdle)
            {
                if (_stopping)
                    _ended.TrySetResult();
                return !_stopping;
            }

            while (_completing.Count < MaxBatch && bytes < MaxBatchBytes && _completions.TryDequeue(out var completion))
            {
                bytes += completion.Answer.Length;
                _completing.Add(completion);
            }

            // One whose caller went away meanwhile costs nothing.
            while (_reserving.Count < MaxBatch && _reservations.TryDequeue(out var reservation))
            {
                if (!reservation.Task.IsCompleted)
                    _reserving.Add(reservation);
            }

            _answerBytes -= bytes;
            return true;
        }
    }

    private void Reserve(List<PendingReservation> batch)
    {
        batch.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key) is var order and not 0 ? order : a.Sequence.CompareTo(b.Sequence));
        for (var attempt = 0; batch.Count > 0; attempt++)
        {
            // The lease counts from here on, not from before a connection was opened.
            var now = DateTimeOffset.MinValue;
            if (!TryWrite(command => command.Reserve(batch, now = time.GetUtcNow(), options.IdempotencyWindow), out var error))
            {
                Refuse(batch, error);
                return;
            }

            IngestionMetrics.KeysWritten("reserve", batch.Count);
            batch.RemoveAll(TrySettle);
            if (batch.Count > 0 && !TryWrite(command => command.Find(batch, now), out error))
            {
                Refuse(batch, error);
                return;
            }

            // Left over is what met a change between the two statements, or came with a request that had another body than the reservation before.
            batch.RemoveAll(TrySettle);
            if (attempt == Attempts)
            {
                foreach (var reservation in batch)
                    reservation.TrySetResult(Reservation.InProgress);
                return;
            }
        }
    }

    private bool TrySettle(PendingReservation reservation)
    {
        if (reservation.Outcome is not { } outcome)
            return false;

        // The caller went away in mid-transaction: nobody will append.
        if (!reservation.TrySetResult(outcome) && outcome.IsHeld)
            _ = CompleteAsync(reservation.Key, outcome.Tries, default);
        return true;
    }

    private void Refuse(List<PendingReservation> batch, Exception error)
    {
        if (batch.Count > 1 && !PostgresErrors.IsTransient(error))
        {
            // One of them is bad, and must not harm its neighbours.
            var half = batch.Count / 2;
            Reserve(batch.GetRange(0, half));
            Reserve(batch.GetRange(half, batch.Count - half));
            return;
        }

        Log.ReservationsFailed(logger, batch.Count, error.Message);
        foreach (var reservation in batch)
            Fail(reservation, error);
    }

    private void Complete(List<PendingCompletion> batch)
    {
        batch.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        if (TryWrite(command => command.Complete(batch, time.GetUtcNow()), out var error))
        {
            IngestionMetrics.KeysWritten("complete", batch.Count);
            foreach (var completion in batch)
                completion.TrySetResult();
            return;
        }

        if (PostgresErrors.IsTransient(error) && TryDelay(batch))
        {
            Log.CompletionsDelayed(logger, batch.Count, error.Message);
            return;
        }

        if (batch.Count > 1 && !PostgresErrors.IsTransient(error))
        {
            var half = batch.Count / 2;
            Complete(batch.GetRange(0, half));
            Complete(batch.GetRange(half, batch.Count - half));
            return;
        }

        Log.CompletionsLost(logger, batch.Count, error.Message);
        foreach (var completion in batch)
            Fail(completion, error);
    }

    private bool TryDelay(List<PendingCompletion> batch)
    {
        lock (_lock)
        {
            if (_stopping)
                return false;
            foreach (var completion in batch)
                Enqueue(completion);
            return _delayed = true;
        }
    }

    private bool TryWrite(Action<KeyCommand> write, [NotNullWhen(false)] out Exception? error)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                _command ??= KeyCommand.Open(dataSource);
                write(_command);
                error = null;
                return true;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && attempt < Attempts)
            {
                // Nothing of the transaction is left, and the other one has what it wanted.
            }
            catch (Exception e)
            {
                if (_command is { IsOpen: false } || e is not PostgresException { SqlState: var state } || state.StartsWith("57", StringComparison.Ordinal))
                {
                    _command?.Dispose();
                    _command = null;
                }

                error = e;
                return false;
            }
        }
    }

    private static void Fail(PendingReservation reservation, Exception reason) =>
        reservation.TrySetException(PostgresErrors.Translate(reason, $"Reserving idempotency key {reservation.Key}"));

    private static void Fail(PendingCompletion completion, Exception reason)
    {
        completion.TrySetException(PostgresErrors.Translate(reason, $"Completing idempotency key {completion.Key}"));

        // Nobody needs to wait for a completion.
        _ = completion.Task.Exception;
    }
}
