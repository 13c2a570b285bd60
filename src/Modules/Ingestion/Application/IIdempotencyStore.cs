namespace Pipeline.Ingestion.Application;

/// <summary>
/// Remembers requests by their idempotency key. A key is reserved before anything is appended and completed after: a process that dies in between leaves a
/// reservation, and the next try looks into the log for what the first one appended.
/// </summary>
internal interface IIdempotencyStore
{
    /// <summary>Reserves the key, or tells what is known of it.</summary>
    /// <param name="key">The key with its route.</param>
    /// <param name="bodyHash">SHA-256 of the request's body.</param>
    /// <param name="startOffsets">Per partition an offset at or below which nothing of this request can be.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    ValueTask<Reservation> ReserveAsync(string key, ReadOnlyMemory<byte> bodyHash, long[] startOffsets, CancellationToken cancellationToken);

    /// <summary>Begins the lease of a reserved key anew.</summary>
    /// <param name="key">The key with its route.</param>
    /// <param name="tries"><see cref="Reservation.Tries"/> of the reservation.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>False where another try has taken the key over, or it is answered.</returns>
    ValueTask<bool> RenewAsync(string key, int tries, CancellationToken cancellationToken);

    /// <summary>
    /// Stores the answer of a reserved key. The task may last as long as the store is away; nobody needs to wait for it, since a key whose answer is lost is
    /// recovered from the log. Nothing changes where another try has taken the key over.
    /// </summary>
    /// <param name="key">The key with its route.</param>
    /// <param name="tries"><see cref="Reservation.Tries"/> of the reservation.</param>
    /// <param name="answer">The answer; not empty.</param>
    Task CompleteAsync(string key, int tries, ReadOnlyMemory<byte> answer);

    /// <summary>
    /// Lets the next try of a reserved key through soon: the append failed, and whether records are in the log is not known. As with
    /// <see cref="CompleteAsync"/>, nobody needs to wait for it.
    /// </summary>
    Task AbandonAsync(string key, int tries);

    /// <summary>Forgets keys that are older than the window; returns how many, at most <paramref name="limit"/>.</summary>
    ValueTask<int> PurgeAsync(int limit, CancellationToken cancellationToken);
}

/// <summary>What is known of an idempotency key.</summary>
/// <param name="State">The state.</param>
/// <param name="Answer">The first answer where the request is completed.</param>
/// <param name="StartOffsets">Where to look for the records of an earlier try.</param>
/// <param name="Tries">
/// How often the key was reserved, this time included; tells the holder of the key from those before it, also from one that held it when it was last new: only
/// purging starts the count again.
/// </param>
internal sealed record Reservation(ReservationState State, byte[]? Answer = null, long[]? StartOffsets = null, int Tries = 0)
{
    public static Reservation First { get; } = new(ReservationState.Reserved, Tries: 1);

    public static Reservation Conflict { get; } = new(ReservationState.Conflict);

    public static Reservation InProgress { get; } = new(ReservationState.InProgress);

    /// <summary>Whether the key is the caller's, who has to complete or abandon it.</summary>
    public bool IsHeld => State is ReservationState.Reserved or ReservationState.Recover;
}

/// <summary>The states of a key.</summary>
internal enum ReservationState
{
    /// <summary>The key is new and reserved for the caller: append.</summary>
    Reserved,

    /// <summary>An earlier try was cut off and the key is now reserved for the caller: look into the log, then append what is missing.</summary>
    Recover,

    /// <summary>An earlier request with this body was answered.</summary>
    Completed,

    /// <summary>The key came with another body.</summary>
    Conflict,

    /// <summary>Another request with this key is under way.</summary>
    InProgress,
}
