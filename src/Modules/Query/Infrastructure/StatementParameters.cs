using Pipeline.DuckDb;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;
using Pipeline.Query.Domain;

namespace Pipeline.Query.Infrastructure;

/// <summary>What both engines do with the text of a statement.</summary>
internal static class StatementParameters
{
    private const string Name = "The statement";

    /// <summary>The one statement of a text.</summary>
    public static SqlStatement One(string sql)
    {
        var text = SqlText.Parse(Name, sql);
        return text.Statements.Count switch
        {
            1 => text.Statements[0],
            0 => throw new SqlFailedException(new SqlError(SqlErrorKind.Invalid, "There is no statement in it.")),
            _ => throw Refused(text.Statements[1], 0, "A second statement begins here: one runs at a time."),
        };
    }

    /// <summary>The value of a parameter as SQL.</summary>
    public static string Write(SqlStatement statement, int token, IReadOnlyDictionary<string, object?> parameters)
    {
        var name = statement[token][1..].ToString();
        if (!parameters.TryGetValue(name, out var value))
        {
            var known = parameters.Count == 0 ? "No parameters are given." : $"There are {string.Join(", ", parameters.Keys.Select(k => '$' + k))}.";
            throw Invalid(statement, token, $"There is no parameter ${name}.", known);
        }

        return SqlParameters.TryWrite(value) ?? throw Invalid(
            statement, token, $"The value of parameter ${name} cannot be written in SQL.", "It may be a text, a number, true, false, a moment or null.");
    }

    public static SqlFailedException Invalid(SqlStatement statement, int token, string message, string? hint = null) =>
        Failed(SqlErrorKind.Invalid, statement, token, message, hint);

    public static SqlFailedException Refused(SqlStatement statement, int token, string message, string? hint = null) =>
        Failed(SqlErrorKind.Refused, statement, token, message, hint);

    private static SqlFailedException Failed(SqlErrorKind kind, SqlStatement statement, int token, string message, string? hint)
    {
        var (line, column) = statement.PlaceOf(statement.Tokens[token].Start);
        return new SqlFailedException(new SqlError(kind, message, line, column, hint));
    }
}
