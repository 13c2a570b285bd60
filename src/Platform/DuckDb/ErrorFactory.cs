using System.Collections.Frozen;
using System.Globalization;

namespace Pipeline.DuckDb;

/// <summary>Turns DuckDB's messages into exceptions: class, place in the SQL, transient or terminal, cancellation.</summary>
internal static class ErrorFactory
{
    private const int SqlShown = 200;

    /// <summary>How DuckDB names its error classes at the start of a message; prepare and pending errors carry no code beside it.</summary>
    private static readonly FrozenDictionary<string, DuckErrorType> _names = new Dictionary<string, DuckErrorType>
    {
        ["Out of Range"] = DuckErrorType.OutOfRange,
        ["Conversion"] = DuckErrorType.Conversion,
        ["Unknown Type"] = DuckErrorType.UnknownType,
        ["Decimal"] = DuckErrorType.DecimalArithmetic,
        ["Mismatch Type"] = DuckErrorType.MismatchType,
        ["Divide by Zero"] = DuckErrorType.DivideByZero,
        ["Object Size"] = DuckErrorType.ObjectSize,
        ["Invalid type"] = DuckErrorType.InvalidType,
        ["Serialization"] = DuckErrorType.Serialization,
        ["TransactionContext"] = DuckErrorType.Transaction,
        ["Not implemented"] = DuckErrorType.NotImplemented,
        ["Expression"] = DuckErrorType.Expression,
        ["Catalog"] = DuckErrorType.Catalog,
        ["Parser"] = DuckErrorType.Parser,
        ["Binder"] = DuckErrorType.Binder,
        ["Planner"] = DuckErrorType.Planner,
        ["Scheduler"] = DuckErrorType.Scheduler,
        ["Executor"] = DuckErrorType.Executor,
        ["Constraint"] = DuckErrorType.Constraint,
        ["Index"] = DuckErrorType.Index,
        ["Stat"] = DuckErrorType.Statistics,
        ["Connection"] = DuckErrorType.Connection,
        ["Syntax"] = DuckErrorType.Syntax,
        ["Settings"] = DuckErrorType.Settings,
        ["Optimizer"] = DuckErrorType.Optimizer,
        ["NullPointer"] = DuckErrorType.NullPointer,
        ["IO"] = DuckErrorType.IO,
        ["INTERRUPT"] = DuckErrorType.Interrupt,
        ["FATAL"] = DuckErrorType.Fatal,
        ["INTERNAL"] = DuckErrorType.Internal,
        ["Invalid Input"] = DuckErrorType.InvalidInput,
        ["Out of Memory"] = DuckErrorType.OutOfMemory,
        ["Permission"] = DuckErrorType.Permission,
        ["Parameter Not Resolved"] = DuckErrorType.ParameterNotResolved,
        ["Parameter Not Allowed"] = DuckErrorType.ParameterNotAllowed,
        ["Dependency"] = DuckErrorType.Dependency,
        ["Missing Extension"] = DuckErrorType.MissingExtension,
        ["HTTP"] = DuckErrorType.Http,
        ["Extension Autoloading"] = DuckErrorType.Autoload,
        ["Sequence"] = DuckErrorType.Sequence,
        ["Invalid Configuration"] = DuckErrorType.InvalidConfiguration,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>
    /// The exception for a failed operation.
    /// </summary>
    /// <param name="operation">What failed, for the message: "query", "append to table x".</param>
    /// <param name="message">DuckDB's message.</param>
    /// <param name="part">The statement, or empty.</param>
    /// <param name="type">The class when the library told it, else it is read off the message.</param>
    /// <param name="cancellation">The caller's token: an interrupt while it is cancelled is the caller's cancellation.</param>
    internal static Exception Create(
        string operation, string message, SqlPart part, DuckErrorType type = DuckErrorType.Invalid, CancellationToken cancellation = default)
    {
        if (type == DuckErrorType.Invalid)
            type = TypeOf(message);
        if (type == DuckErrorType.Interrupt)
        {
            return cancellation.IsCancellationRequested
                ? new OperationCanceledException($"The DuckDB {operation} was cancelled.", cancellation)
                : new OperationCanceledException($"The DuckDB {operation} was interrupted.");
        }

        var (position, line, column) = Locate(message, part);
        var text = part.Text.TrimStart();
        var shown = text.Length <= SqlShown ? text : text[..SqlShown];
        var error = new DuckError(type, message, shown, position, line, column);
        var full = shown.Length == 0 ? $"DuckDB {operation} failed: {message}" : $"DuckDB {operation} failed: {message}\nSQL: {shown}";
        return IsTransient(type, message) ? new DuckTransientException(full, error) : new DuckException(full, error);
    }

    private static bool IsTransient(DuckErrorType type, string message) => type switch
    {
        DuckErrorType.OutOfMemory or DuckErrorType.Transaction or DuckErrorType.Http or DuckErrorType.Network => true,
        // An absent file stays absent; a full disk, a lock or a failing device may pass.
        DuckErrorType.IO => !message.Contains("No files found", StringComparison.Ordinal)
            && !message.Contains("No such file or directory", StringComparison.Ordinal)
            && !message.Contains("does not exist", StringComparison.Ordinal),
        _ => false,
    };

    private static DuckErrorType TypeOf(string message)
    {
        var end = message.IndexOf(" Error: ", StringComparison.Ordinal);
        return end > 0 && _names.TryGetValue(message[..end], out var type) ? type : DuckErrorType.Invalid;
    }

    /// <summary>
    /// Reads the place off the drawing at the end of a message: <c>LINE 2: ...some text of that line...</c> and a caret below it.
    /// The library shortens long lines, so the shown text is looked up in the statement's line.
    /// </summary>
    private static (int? Position, int? Line, int? Column) Locate(string message, SqlPart part)
    {
        var start = message.LastIndexOf("\n\nLINE ", StringComparison.Ordinal);
        if (start < 0)
            return default;
        start += 2;
        var colon = message.IndexOf(": ", start, StringComparison.Ordinal);
        var end = colon < 0 ? -1 : message.IndexOf('\n', colon);
        var caret = end < 0 ? -1 : message.IndexOf('^', end);
        if (caret < 0 || !int.TryParse(message.AsSpan(start + 5, colon - start - 5), NumberStyles.None, CultureInfo.InvariantCulture, out var line))
            return default;

        var sql = part.Text;
        var lineStart = LineStart(sql, line);
        var offset = caret - end - 1 - (colon + 2 - start);
        if (lineStart < 0 || Find(LineAt(sql, lineStart), message.AsSpan(colon + 2, end - colon - 2), offset) is not { } column)
            return default;

        var position = part.Start + lineStart + column;
        var (wholeLine, wholeStart) = (1, 0);
        for (var next = NextLine(part.Whole, 0); next >= 0 && next <= position; next = NextLine(part.Whole, next))
            (wholeLine, wholeStart) = (wholeLine + 1, next);
        return (position, wholeLine, position - wholeStart + 1);
    }

    /// <summary>The column, from 0, that <paramref name="offset"/> of the shown text means in this line; null if the text is not of this line.</summary>
    private static int? Find(ReadOnlySpan<char> line, ReadOnlySpan<char> text, int offset)
    {
        if (line.StartsWith(text, StringComparison.Ordinal) && offset <= line.Length)
            return offset;
        var cutStart = text.StartsWith("...");
        var core = cutStart ? text[3..] : text;
        if (core.EndsWith("..."))
            core = core[..^3];
        var at = cutStart ? line.IndexOf(core) : line.StartsWith(core, StringComparison.Ordinal) ? 0 : line.IndexOf(core);
        if (at < 0 || core.IsEmpty)
            return null;
        var column = at + offset - (cutStart ? 3 : 0);
        return column >= 0 && column <= line.Length ? column : null;
    }

    private static int LineStart(string sql, int line)
    {
        var at = 0;
        for (var number = 1; number < line && at >= 0; number++)
            at = NextLine(sql, at);
        return at;
    }

    private static int NextLine(string sql, int at)
    {
        var end = sql.AsSpan(at).IndexOfAny('\r', '\n');
        if (end < 0)
            return -1;
        end += at;
        return sql[end] == '\r' && end + 1 < sql.Length && sql[end + 1] == '\n' ? end + 2 : end + 1;
    }

    private static ReadOnlySpan<char> LineAt(string sql, int at)
    {
        var rest = sql.AsSpan(at);
        var end = rest.IndexOfAny('\r', '\n');
        return end < 0 ? rest : rest[..end];
    }
}
