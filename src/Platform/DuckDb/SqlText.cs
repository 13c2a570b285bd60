namespace Pipeline.DuckDb;

/// <summary>SQL as a person wrote it, cut into statements and these into what matters here: names, texts, parameters.</summary>
/// <remarks>Follows DuckDB's scanner, which is PostgreSQL's: quotes, escape strings, dollar quotes, nested comments. So it serves both.</remarks>
public sealed class SqlText
{
    private SqlText(string name, IReadOnlyList<SqlStatement> statements)
    {
        Name = name;
        Statements = statements;
    }

    /// <summary>Where it stands, for messages: a file, or a field.</summary>
    public string Name { get; }

    /// <summary>The statements, without those that are empty.</summary>
    public IReadOnlyList<SqlStatement> Statements { get; }

    /// <summary>Cuts a text. Never fails: what is wrong is for the engine to say.</summary>
    public static SqlText Parse(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var statements = new List<SqlStatement>();
        var tokens = new List<SqlToken>();
        var start = 0;
        for (var at = 0; at < text.Length;)
        {
            if (text[at] == ';')
            {
                End(at);
                start = ++at;
                continue;
            }

            var end = Next(text, at, out var kind);
            if (kind is { } known)
                tokens.Add(new SqlToken(known, at, end));
            at = end;
        }

        End(text.Length);
        return new SqlText(name, statements);

        void End(int end)
        {
            if (tokens.Count > 0)
                statements.Add(new SqlStatement(text, start, end, tokens));
            tokens = [];
        }
    }

    /// <summary>The index behind what starts here, and what it is; no kind for white space and comments.</summary>
    private static int Next(string sql, int at, out SqlTokenKind? kind)
    {
        var c = sql[at];
        var next = at + 1 < sql.Length ? sql[at + 1] : '\0';
        kind = SqlTokenKind.Mark;
        switch (c)
        {
            case '\'':
                kind = SqlTokenKind.Text;
                return SqlLexer.EndOfQuoted(sql, at, '\'', escapes: false);
            case 'e' or 'E' when next == '\'':
                kind = SqlTokenKind.OtherText;
                return SqlLexer.EndOfQuoted(sql, at + 1, '\'', escapes: true);
            case '"':
                kind = SqlTokenKind.QuotedName;
                return SqlLexer.EndOfQuoted(sql, at, '"', escapes: false);
            case '-' when next == '-':
                kind = null;
                var line = sql.AsSpan(at).IndexOfAny('\r', '\n');
                return line < 0 ? sql.Length : at + line;
            case '/' when next == '*':
                kind = null;
                return SqlLexer.EndOfComment(sql, at);
            case '$':
                return Dollar(sql, at, ref kind);
            case var _ when char.IsWhiteSpace(c):
                kind = null;
                return at + 1;
            case var _ when IsName(c):
                kind = SqlTokenKind.Word;
                return EndOfName(sql, at);
            default:
                return at + 1;
        }
    }

    private static int EndOfName(string sql, int at)
    {
        // A dollar may be within a name.
        while (at < sql.Length && (IsName(sql[at]) || sql[at] == '$'))
            at++;
        return at;
    }

    // $1 and $name are parameters; $$ and $tag$ open a quote that ends with the same.
    private static int Dollar(string sql, int at, ref SqlTokenKind? kind)
    {
        var end = at + 1;
        while (end < sql.Length && IsName(sql[end]))
            end++;
        var isNumber = end > at + 1 && char.IsAsciiDigit(sql[at + 1]);
        if (end < sql.Length && sql[end] == '$' && !isNumber)
        {
            kind = SqlTokenKind.OtherText;
            var tag = sql[at..(end + 1)];
            var close = sql.IndexOf(tag, end + 1, StringComparison.Ordinal);
            return close < 0 ? sql.Length : close + tag.Length;
        }

        if (end > at + 1 && !isNumber)
            kind = SqlTokenKind.Parameter;
        return end;
    }

    private static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_' || c > '\x7F';
}

/// <summary>What a token is.</summary>
public enum SqlTokenKind
{
    /// <summary>A keyword, a name or a number.</summary>
    Word,

    /// <summary>A name in double quotes.</summary>
    QuotedName,

    /// <summary>A text in single quotes.</summary>
    Text,

    /// <summary>A text in another notation.</summary>
    OtherText,

    /// <summary>A parameter by name.</summary>
    Parameter,

    /// <summary>A character of its own.</summary>
    Mark,
}

/// <summary>A token of a text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">The index of its first character in the whole text.</param>
/// <param name="End">The index behind its last character.</param>
public readonly record struct SqlToken(SqlTokenKind Kind, int Start, int End);

/// <summary>One statement within its text.</summary>
public sealed class SqlStatement
{
    private readonly string _text;
    private readonly int _start;
    private readonly int _end;

    internal SqlStatement(string text, int start, int end, IReadOnlyList<SqlToken> tokens)
    {
        _text = text;
        _start = start;
        _end = end;
        Tokens = tokens;
    }

    /// <summary>Its tokens, at least one.</summary>
    public IReadOnlyList<SqlToken> Tokens { get; }

    /// <summary>A token as written.</summary>
    public ReadOnlySpan<char> this[int token] => _text.AsSpan(Tokens[token].Start..Tokens[token].End);

    /// <summary>The line of a token in the whole text, from 1 on.</summary>
    public int LineOf(int token) => PlaceOf(Tokens[token].Start).Line;

    /// <summary>Line and column, from 1 on, of an index of the whole text.</summary>
    public (int Line, int Column) PlaceOf(int index)
    {
        var before = _text.AsSpan(0, Math.Clamp(index, 0, _text.Length));
        return (before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
    }

    /// <summary>Whether a token is a word, of whatever case; names in quotes are none.</summary>
    public bool IsWord(int token, string word) =>
        token >= 0 && token < Tokens.Count && Tokens[token].Kind == SqlTokenKind.Word && this[token].Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a token is a certain character of its own.</summary>
    public bool IsMark(int token, char mark) =>
        token >= 0 && token < Tokens.Count && Tokens[token].Kind == SqlTokenKind.Mark && this[token].Length == 1 && this[token][0] == mark;

    /// <summary>Whether a call of a function that is not of a schema begins with a token: its name without quotes, and a parenthesis.</summary>
    public bool IsCall(int token, string function) => IsWord(token, function) && !IsMark(token - 1, '.') && IsMark(token + 1, '(');

    /// <summary>The name that a token is, without its quotes; null where it is none.</summary>
    public string? NameOf(int token) => Tokens[token].Kind switch
    {
        SqlTokenKind.Word => this[token].ToString(),
        SqlTokenKind.QuotedName => Unquoted(token),
        _ => null,
    };

    /// <summary>What a text or a quoted name holds.</summary>
    public string Unquoted(int token)
    {
        // A quote that is not closed runs to the end.
        if (this[token].Length < 2)
            return "";
        var quote = this[token][0].ToString();
        return this[token][1..^1].ToString().Replace(quote + quote, quote, StringComparison.Ordinal);
    }

    /// <inheritdoc cref="Rewrite"/>
    public string Render(IEnumerable<(int First, int Last, string Text)> replacements) => Rewrite(replacements).Text;

    /// <summary>
    /// The statement with some tokens replaced, as many lines down as it stands in its text: lines in an engine's messages are those of the text.
    /// </summary>
    /// <param name="replacements">What is put in the place of which tokens, in order: first token, last token, text without line breaks.</param>
    public SqlRendering Rewrite(IEnumerable<(int First, int Last, string Text)> replacements)
    {
        ArgumentNullException.ThrowIfNull(replacements);
        var sql = new System.Text.StringBuilder();
        var kept = new List<(int Rendered, int Original, bool IsKept)> { (0, _start, false) };
        sql.Append('\n', _text.AsSpan(0, _start).Count('\n'));
        var at = _start;
        kept.Add((sql.Length, at, true));
        foreach (var (first, last, replacement) in replacements)
        {
            sql.Append(_text, at, Tokens[first].Start - at);
            kept.Add((sql.Length, Tokens[first].Start, false));
            sql.Append(replacement);
            // Lines that the replaced part had are kept.
            at = Tokens[last].End;
            sql.Append('\n', _text.AsSpan(Tokens[first].Start..at).Count('\n'));
            kept.Add((sql.Length, at, true));
        }

        return new SqlRendering(sql.Append(_text, at, _end - at).ToString(), kept);
    }
}

/// <summary>A statement as an engine gets it, which knows where its characters come from.</summary>
public sealed class SqlRendering
{
    private readonly List<(int Rendered, int Original, bool IsKept)> _kept;

    internal SqlRendering(string text, List<(int Rendered, int Original, bool IsKept)> kept)
    {
        Text = text;
        _kept = kept;
    }

    /// <summary>The SQL.</summary>
    public string Text { get; }

    /// <summary>The index in the text that a person wrote, of an index in <see cref="Text"/>; of what was replaced, the beginning.</summary>
    public int OriginalIndex(int index)
    {
        var part = _kept.FindLast(p => p.Rendered <= index);
        return part.IsKept ? part.Original + index - part.Rendered : part.Original;
    }
}
