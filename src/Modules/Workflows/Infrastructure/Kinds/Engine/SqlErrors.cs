using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>
/// Says what failed in the words of the workflow: its SQL file and line, its source's name instead of a staged file, without DuckDB's advice to programmers.
/// </summary>
internal static partial class SqlErrors
{
    private const int LongestLine = 200;

    /// <summary>The exception to throw in place of one of DuckDB; others come back as they are.</summary>
    /// <param name="error">What was caught.</param>
    /// <param name="operation">What was done, as the beginning of a message: <c>silver/movies.sql</c>.</param>
    /// <param name="names">Local files and what people call them.</param>
    /// <param name="isScript">Whether lines are those of a text that the user wrote.</param>
    /// <param name="memoryBytes">The engine's memory.</param>
    public static Exception Translate(Exception error, string operation, IReadOnlyDictionary<string, string> names, bool isScript, long memoryBytes)
    {
        if (DuckError.Of(error) is not { } duck)
            return error;
        var place = isScript && duck.Line is { } line ? string.Create(CultureInfo.InvariantCulture, $", line {line}") : "";
        var text = Renamed(Text(duck, isScript), names);

        // An error in a CSV file begins with the file's name and its line.
        var message = !isScript && CsvError().IsMatch(duck.Message) ? text : $"{operation}{place}: {text}";
        return duck.Type switch
        {
            DuckErrorType.OutOfMemory => new TransientException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{message} The engine that the tasks of this process share has Workflows:EngineMemoryBytes = {memoryBytes}."), error),
            DuckErrorType.Fatal => new TransientException($"{message} (the engine broke down, maybe in another task)", error),
            _ when IsDiskFull(duck.Message) =>
                new TransientException($"{operation}: the disk is full; it goes on when there is space again. {Renamed(duck.Message, names)}", error),
            _ when error is TransientException => new TransientException(message, error),
            _ => new TerminalException(message, error),
        };
    }

    /// <summary>Whether a message of the operating system or of DuckDB says that there is no room.</summary>
    public static bool IsDiskFull(string message) =>
        message.Contains("No space left on device", StringComparison.Ordinal) || message.Contains("Disk quota exceeded", StringComparison.Ordinal);

    private static string Text(DuckError error, bool isScript)
    {
        var message = error.Message;
        if (CsvError().Match(message) is { Success: true } csv)
        {
            var original = csv.Groups["original"].Value;
            var file = CsvFile().Match(message).Groups["file"].Value;
            var shown = original.Length <= LongestLine ? original : original[..LongestLine] + "...";
            return $"{file}, line {csv.Groups["line"].Value}: {csv.Groups["what"].Value.Trim()}{(shown.Length == 0 ? "" : $" The line is: {shown}")}";
        }

        foreach (var advice in (string[])["\nPossible ", "\n\nPossible ", "\n\nSee also "])
        {
            if (message.IndexOf(advice, StringComparison.Ordinal) is var at and > 0)
                message = message[..at];
        }

        // The drawing is of a text that the user did not write.
        if ((!isScript || error.Line is null) && message.IndexOf("\n\nLINE ", StringComparison.Ordinal) is var drawing and > 0)
            message = message[..drawing];
        return message.Trim();
    }

    private static string Renamed(string message, IReadOnlyDictionary<string, string> names)
    {
        foreach (var (local, name) in names)
            message = message.Replace(local, name, StringComparison.Ordinal);
        return message;
    }

    [GeneratedRegex(
        @"CSV Error on Line: (?<line>\d+)\r?\n(Original Line: (?<original>[\s\S]*?)\n(?=Expected |Error |Value |Maximum |Invalid |The ))?(?<what>[^\n]+)",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex CsvError();

    [GeneratedRegex(@"\n  file = (?<file>[^\n]*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex CsvFile();
}
