using Pipeline.Ingestion.Application;

namespace Pipeline.Ingestion.Infrastructure.Postgres;

/// <summary>A reservation that waits for the next transaction.</summary>
internal sealed class PendingReservation(string key, ReadOnlyMemory<byte> bodyHash, long[] startOffsets, long sequence)
    : TaskCompletionSource<Reservation>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public string Key { get; } = key;

    public ReadOnlyMemory<byte> BodyHash { get; } = bodyHash;

    public long[] StartOffsets { get; } = startOffsets;

    /// <summary>The place among all reservations of the process: of two with one key the first is served first.</summary>
    public long Sequence { get; } = sequence;

    /// <summary>Set by the writer; told to whoever waits once the batch is done.</summary>
    public Reservation? Outcome { get; set; }
}

/// <summary>The answer of a reserved key that waits for the next transaction; without an answer the key is given up.</summary>
/// <remarks>What waits for it goes on in the writer's thread: it only forgets the request, which is cheaper than a way over the thread pool.</remarks>
internal sealed class PendingCompletion(string key, int tries, ReadOnlyMemory<byte> answer) : TaskCompletionSource
{
    public string Key { get; } = key;

    public int Tries { get; } = tries;

    public ReadOnlyMemory<byte> Answer { get; } = answer;
}
