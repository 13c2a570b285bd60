using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>
/// Reads text by a regular expression with named groups: a row each match, a column each group. Holds a window of the text, whatever its size.
/// </summary>
internal static class TextFormat
{
    /// <summary>How much of the text is searched at a time; a match is at most three quarters of it.</summary>
    internal const int WindowChars = 4 << 20;

    private const int MarginChars = WindowChars / 4;

    // What a pattern may look back at.
    private const int ContextChars = 1024;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>What is wrong with a pattern, as a sentence; null where nothing is.</summary>
    public static string? Fault(string pattern)
    {
        try
        {
            var names = Names(Create(pattern));
            return names.Count == 0 ? "The pattern has no named group, such as (?<code>...)."
                : names.Distinct(StringComparer.OrdinalIgnoreCase).Count() < names.Count ? "Two groups of the pattern have the same name but for case."
                : null;
        }
        catch (ArgumentException e)
        {
            return $"The pattern is no regular expression: {e.Message}";
        }
    }

    /// <summary>The rows of some files.</summary>
    public static async Task<SqlQuery> OpenAsync(
        SourceRequest request, string name, IReadOnlyList<InputFile> files, string pattern, CancellationToken cancellationToken)
    {
        if (Fault(pattern) is { } fault)
            throw new TerminalException($"{request.Settings.FieldOf("pattern")}: {fault}");
        var regex = Create(pattern);
        var names = Names(regex);
        var staged = request.Session.NewFile(".csv");
        var (rows, longest) = await CopyAsync(request, name, files, regex, names, staged, cancellationToken);
        if (rows == 0)
            return new SqlQuery(
                Columns.None(names.Select(n => KeyValuePair.Create(n, request.Columns.FirstOrDefault(c => c.Key == n).Value ?? "VARCHAR"))), name);
        return await CsvFormat.OpenAsync(
            request.Session, name, [new InputFile(staged, name)], StagedCsv.Dialect(names, longest), request.Columns, cancellationToken);
    }

    private static async Task<(long Rows, long LongestRecord)> CopyAsync(
        SourceRequest request, string name, IReadOnlyList<InputFile> files, Regex regex, List<string> names, string staged, CancellationToken cancellationToken)
    {
        try
        {
            await using var csv = StagedCsv.Create(staged);
            foreach (var file in files)
            {
                var before = csv.Rows;
                await CopyAsync(file, regex, names, csv, cancellationToken);
                if (csv.Rows == before)
                    request.Context.Log.Warning($"{file.Name}: the pattern matches nothing in it.");
                request.Context.Log.Progress(csv.Rows, 0);
            }

            return (csv.Rows, csv.LongestRecord);
        }
        catch (IOException e)
        {
            // What was held back is written when the file is closed.
            throw InputFiles.Unreadable(name, e);
        }
    }

    private static Regex Create(string pattern) => new(pattern, RegexOptions.CultureInvariant, _patience);

    private static List<string> Names(Regex regex) => [.. regex.GetGroupNames().Where(n => !char.IsAsciiDigit(n[0]))];

    private static async Task CopyAsync(InputFile file, Regex regex, List<string> names, StagedCsv csv, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = file.Open();
            using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, 1 << 16);
            await CopyAsync(file.Name, reader, regex, names, csv, cancellationToken);
        }
        catch (DecoderFallbackException e)
        {
            throw new TerminalException($"{file.Name} is not encoded in UTF-8.", e);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw InputFiles.Unreadable(file.Name, e);
        }
    }

    private static async Task CopyAsync(string name, StreamReader reader, Regex regex, List<string> names, StagedCsv csv, CancellationToken cancellationToken)
    {
        var buffer = new char[WindowChars];
        var (length, from, before) = (0, 0, 0L);
        bool final;
        do
        {
            var read = await reader.ReadBlockAsync(buffer.AsMemory(length), cancellationToken);
            length += read;
            final = length < buffer.Length;
            var text = new string(buffer, 0, length);

            // A match that ends in the margin may be another one when more is known.
            var limit = final ? length : length - MarginChars;
            var next = Math.Max(from, limit);
            for (var match = Match(() => regex.Match(text, from)); match.Success; match = Match(match.NextMatch))
            {
                if (match.Index + match.Length > limit)
                {
                    next = match.Index;
                    if (match.Index <= ContextChars)
                        throw new TerminalException(string.Create(
                            CultureInfo.InvariantCulture,
                            $"{name}: a match at character {before + match.Index + 1} is longer than {WindowChars - MarginChars - ContextChars} characters."));
                    break;
                }

                if (match.Length > 0)
                    csv.Add(names.Select(n => match.Groups[n] is { Success: true } group ? group.Value : null));
                await csv.FlushAsync(cancellationToken);
                next = Math.Max(match.Index + match.Length, limit);
                from = match.Index + match.Length;
            }

            var keep = Math.Max(0, next - ContextChars);
            buffer.AsSpan(keep, length - keep).CopyTo(buffer);
            before += keep;
            length -= keep;
            from = next - keep;
        }
        while (!final);

        Match Match(Func<Match> find)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return find();
            }
            catch (RegexMatchTimeoutException e)
            {
                throw new TerminalException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{name}: the pattern takes longer than {_patience.TotalSeconds} s to search for one match after character {before + from + 1}; "
                        + $"it backtracks too much."),
                    e);
            }
        }
    }
}
