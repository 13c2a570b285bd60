namespace Pipeline.DuckDb;

/// <summary>What DuckDB said about a failure.</summary>
/// <param name="Type">The class of the error.</param>
/// <param name="Message">DuckDB's message, with the line and the caret that it draws.</param>
/// <param name="Sql">At most the first 200 characters of the SQL; empty when no SQL took part.</param>
/// <param name="Position">Index of the character of the SQL that the message points at, from 0; null when DuckDB did not say.</param>
/// <param name="Line">Line of that character, from 1.</param>
/// <param name="Column">Column of that character in its line, from 1.</param>
public sealed record DuckError(DuckErrorType Type, string Message, string Sql, int? Position, int? Line, int? Column)
{
    /// <summary>The error that an exception of this library carries, or null for any other exception.</summary>
    public static DuckError? Of(Exception exception) => exception switch
    {
        DuckException e => e.Error,
        DuckTransientException e => e.Error,
        _ => null,
    };
}
