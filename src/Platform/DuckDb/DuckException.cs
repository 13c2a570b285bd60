namespace Pipeline.DuckDb;

/// <summary>DuckDB refused or failed a statement, and would do so again: wrong SQL, wrong data, a missing or broken file, a violated constraint.</summary>
public sealed class DuckException : TerminalException
{
    internal DuckException(string message, DuckError error) : base(message) => Error = error;

    /// <summary>What DuckDB said.</summary>
    public DuckError Error { get; }
}
