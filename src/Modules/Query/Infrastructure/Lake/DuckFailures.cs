using Pipeline.DuckDb;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Lake;

/// <summary>Says what DuckDB said in the words of the statement: its lines, without names of local files and advice to programmers.</summary>
internal static class DuckFailures
{
    private static readonly string[] _hints = ["Candidate ", "Did you mean ", "HINT: ", "Hint: "];

    private static readonly string[] _advice = ["\nPossible ", "\n\nPossible ", "\n\nSee also ", "\n\nLINE "];

    public static Exception Translate(Exception error, LakeStatement? statement, string folder, QueryOptions options)
    {
        if (DuckError.Of(error) is not { } duck)
            return error;
        if (duck.Type is DuckErrorType.Fatal)
            return new TransientException("The engine over the lake broke down and is opened anew.", error);
        if (duck.Type == DuckErrorType.IO && error is TransientException)
            return new TransientException($"Read the lake: {Shown(duck.Message, folder)}", error);
        var (line, column) = statement is not null && duck.Position is { } at ? statement.PlaceOf(at) : ((int?)null, (int?)null);
        if (duck.Type == DuckErrorType.OutOfMemory)
        {
            return Failed(new SqlError(
                SqlErrorKind.MemoryLimit,
                $"The statement needs more than the {options.EngineMemoryBytes >> 20} MiB that all statements over the lake share, or more room on the disk than {options.SpillBytes >> 20} MiB.",
                Hint: $"Read fewer rows or columns, try again when no other runs, or raise {QueryOptions.Section}:{nameof(QueryOptions.EngineMemoryBytes)}."));
        }

        if (duck.Type == DuckErrorType.Permission)
            return Failed(new SqlError(SqlErrorKind.Refused, "Files other than the lake's tables cannot be read here.", line, column));
        var (message, hint) = Split(Shown(duck.Message, folder));
        return Failed(new SqlError(SqlErrorKind.Invalid, LakeStatement.Sentence(message), line, column, hint is null ? null : LakeStatement.Sentence(hint)));

        SqlFailedException Failed(SqlError reason) => new(reason, error);
    }

    private static string Shown(string message, string folder)
    {
        foreach (var advice in _advice)
        {
            if (message.IndexOf(advice, StringComparison.Ordinal) is var at and > 0)
                message = message[..at];
        }

        var kind = message.IndexOf(" Error: ", StringComparison.Ordinal);
        if (kind is > 0 and < 40)
            message = message[(kind + " Error: ".Length)..];
        return message.Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal).Replace(folder, "the lake", StringComparison.Ordinal).Trim();
    }

    private static (string Message, string? Hint) Split(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var hints = lines.Where(l => _hints.Any(h => l.StartsWith(h, StringComparison.Ordinal))).ToList();
        return (string.Join(' ', lines.Except(hints)), hints.Count == 0 ? null : string.Join(' ', hints));
    }
}
