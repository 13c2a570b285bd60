namespace Pipeline.DuckDb;

/// <summary>
/// DuckDB failed for a reason that may pass: the memory limit, a full or failing disk, a lock or a conflict with another transaction, the network.
/// </summary>
public sealed class DuckTransientException : TransientException
{
    internal DuckTransientException(string message, DuckError error) : base(message) => Error = error;

    /// <summary>What DuckDB said.</summary>
    public DuckError Error { get; }
}
