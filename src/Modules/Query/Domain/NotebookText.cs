using System.Text;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Domain;

/// <summary>
/// A notebook as Markdown: blocks fenced by <c>```sql ENGINE option=value</c> are SQL cells, what is between them Markdown cells, which a line
/// <c>&lt;!-- cell --&gt;</c> divides further.
/// </summary>
internal static class NotebookText
{
    private const string Divider = "<!-- cell -->";
    private const string Language = "sql";
    private const int MinFence = 3;

    /// <summary>Reads cells. Never fails: all text is Markdown.</summary>
    public static List<NotebookCell> Parse(string text)
    {
        var cells = new List<NotebookCell>();
        var markdown = new List<string>();
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (Fence.TryParse(lines[i]) is not { } fence)
            {
                if (lines[i].Trim() == Divider)
                    End(markdown, cells);
                else
                    markdown.Add(lines[i]);
                continue;
            }

            var close = i + 1;
            while (close < lines.Length && !fence.IsClosedBy(lines[close]))
                close++;
            if (fence.IsSql && close < lines.Length)
            {
                End(markdown, cells);
                cells.Add(SqlCell(fence.Info, string.Join('\n', lines[(i + 1)..close])));
            }
            else
            {
                // Other code, and a fence that nothing closes.
                markdown.AddRange(lines[i..Math.Min(close + 1, lines.Length)]);
            }

            i = close;
        }

        End(markdown, cells);
        return cells;
    }

    /// <summary>Writes cells, so that <see cref="Parse"/> gives them back; empty Markdown cells are left out.</summary>
    public static string Write(IReadOnlyList<NotebookCell> cells)
    {
        // Markdown that holds dividers or SQL blocks is cells already, as whoever reads the file sees it.
        cells = [.. cells.SelectMany(c => c.Kind == NotebookCellKind.Markdown ? Parse(Closed(c.Text.ReplaceLineEndings("\n"))) : [c])];
        var text = new StringBuilder();
        for (var i = 0; i < cells.Count; i++)
        {
            if (i > 0)
                text.Append('\n');
            if (cells[i].Kind == NotebookCellKind.Sql)
            {
                WriteSql(text, cells[i]);
                continue;
            }

            if (i > 0 && cells[i - 1].Kind == NotebookCellKind.Markdown)
                text.Append(Divider).Append("\n\n");
            text.Append(cells[i].Text).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The first heading; null where there is none.</summary>
    public static string? Title(IReadOnlyList<NotebookCell> cells) => cells
        .Where(c => c.Kind == NotebookCellKind.Markdown)
        .SelectMany(c => c.Text.Split('\n'))
        .Select(l => l.TrimStart())
        .Where(l => l.StartsWith('#') && l.TrimStart('#').StartsWith(' '))
        .Select(l => l.TrimStart('#').Trim())
        .FirstOrDefault(t => t.Length > 0);

    /// <summary>Whether a text can name an option.</summary>
    public static bool IsOptionName(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>Whether a text can be an option's value.</summary>
    public static bool IsOptionValue(string value) => value.Length <= 200 && !value.Any(c => c is '"' or '`' || char.IsControl(c));

    private static void End(List<string> markdown, List<NotebookCell> cells)
    {
        var text = Trimmed(string.Join('\n', markdown));
        if (text.Length > 0)
            cells.Add(NotebookCell.Markdown(text));
        markdown.Clear();
    }

    private static string Trimmed(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        var first = Array.FindIndex(lines, l => l.Trim().Length > 0);
        var last = Array.FindLastIndex(lines, l => l.Trim().Length > 0);
        return first < 0 ? "" : string.Join('\n', lines[first..(last + 1)]);
    }

    // A fence that nothing closes would take the cells after it into it.
    private static string Closed(string markdown)
    {
        Fence? open = null;
        foreach (var line in markdown.Split('\n'))
        {
            if (open is null)
                open = Fence.TryParse(line);
            else if (open.IsClosedBy(line))
                open = null;
        }

        return open is null ? markdown : $"{markdown}\n{open.Mark}";
    }

    private static NotebookCell SqlCell(string info, string sql)
    {
        var words = Words(info).Skip(1).ToList();
        var engine = QueryEngine.Lake;
        if (words.Count > 0 && !words[0].Contains('=', StringComparison.Ordinal) && Enum.TryParse<QueryEngine>(words[0], ignoreCase: true, out var named))
            engine = named;
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in words)
        {
            var at = word.IndexOf('=', StringComparison.Ordinal);
            if (at > 0 && IsOptionName(word[..at]))
                options[word[..at]] = word[(at + 1)..].Trim('"');
        }

        return NotebookCell.Sql(engine, sql, options);
    }

    private static IEnumerable<string> Words(string info)
    {
        var start = 0;
        var quoted = false;
        for (var i = 0; i <= info.Length; i++)
        {
            if (i < info.Length && info[i] == '"')
                quoted = !quoted;
            if (i < info.Length && (quoted || !char.IsWhiteSpace(info[i])))
                continue;
            if (i > start)
                yield return info[start..i];
            start = i + 1;
        }
    }

    private static void WriteSql(StringBuilder text, NotebookCell cell)
    {
        var sql = cell.Text.ReplaceLineEndings("\n");
        var fence = new string('`', Math.Max(MinFence, sql.Split('\n').Max(l => l.TrimStart().TakeWhile(c => c == '`').Count()) + 1));
        text.Append(fence).Append(Language).Append(' ').Append((cell.Engine ?? QueryEngine.Lake) == QueryEngine.Lake ? "lake" : "warehouse");
        foreach (var (name, value) in (cell.Options ?? new Dictionary<string, string>()).OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            var isPlain = value.Length > 0 && !value.Any(char.IsWhiteSpace);
            text.Append(' ').Append(name).Append('=').Append(isPlain ? value : $"\"{value}\"");
        }

        text.Append('\n').Append(sql).Append('\n').Append(fence).Append('\n');
    }

    /// <summary>A line that opens a fenced block (CommonMark 4.5).</summary>
    private sealed record Fence(string Mark, string Info)
    {
        private const int MaxIndent = 3;

        public bool IsSql => Mark[0] == '`' && Words(Info).FirstOrDefault() == Language;

        public static Fence? TryParse(string line)
        {
            var trimmed = line.TrimStart(' ');
            if (line.Length - trimmed.Length > MaxIndent || trimmed.Length == 0 || trimmed[0] is not ('`' or '~'))
                return null;
            var length = trimmed.TakeWhile(c => c == trimmed[0]).Count();
            var info = trimmed[length..].Trim();
            return length < MinFence || (trimmed[0] == '`' && info.Contains('`', StringComparison.Ordinal)) ? null : new Fence(trimmed[..length], info);
        }

        public bool IsClosedBy(string line)
        {
            var trimmed = line.TrimStart(' ');
            return line.Length - trimmed.Length <= MaxIndent && trimmed.StartsWith(Mark, StringComparison.Ordinal) && trimmed.TrimEnd().All(c => c == Mark[0]);
        }
    }
}
