using Pipeline.Ingestion.Application;

namespace Pipeline.Ingestion.Tests;

/// <summary>What the idempotency store does, in the plainest way: one call after the other, in a dictionary.</summary>
internal sealed class IdempotencyModel
{
    private static readonly TimeSpan _window = TimeSpan.FromHours(24);
    private static readonly TimeSpan _lease = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _abandonedLease = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Row> _rows = [];

    public (ReservationState State, int Tries, string? Answer) Reserve(string key, string body, DateTimeOffset now)
    {
        if (!_rows.TryGetValue(key, out var row) || row.CreatedAt < now - _window)
        {
            var tries = (row?.Tries ?? 0) + 1;
            _rows[key] = new Row(body, now, tries, now + _lease, null);
            return (ReservationState.Reserved, tries, null);
        }

        if (row.Body != body)
            return (ReservationState.Conflict, 0, null);
        if (row.Answer is not null)
            return (ReservationState.Completed, 0, row.Answer);
        if (row.LockedUntil >= now)
            return (ReservationState.InProgress, 0, null);
        _rows[key] = row with { Tries = row.Tries + 1, LockedUntil = now + _lease };
        return (ReservationState.Recover, row.Tries + 1, null);
    }

    public void Complete(string key, int tries, string answer)
    {
        if (IsHeld(key, tries))
            _rows[key] = _rows[key] with { Answer = answer };
    }

    public void Abandon(string key, int tries, DateTimeOffset now)
    {
        if (IsHeld(key, tries))
            _rows[key] = _rows[key] with { LockedUntil = now + _abandonedLease };
    }

    public bool Renew(string key, int tries, DateTimeOffset now)
    {
        if (!IsHeld(key, tries))
            return false;
        _rows[key] = _rows[key] with { LockedUntil = now + _lease };
        return true;
    }

    private bool IsHeld(string key, int tries) => _rows[key].Tries == tries && _rows[key].Answer is null;

    private sealed record Row(string Body, DateTimeOffset CreatedAt, int Tries, DateTimeOffset LockedUntil, string? Answer);
}
