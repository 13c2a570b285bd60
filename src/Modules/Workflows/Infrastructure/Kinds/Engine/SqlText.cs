namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>SQL as a person wrote it, cut into statements and these into what matters here: names, texts, parameters.</summary>
/// <remarks>Follows DuckDB's scanner, which is PostgreSQL's: quotes, escape strings, dollar quotes, nested comments.</remarks>
internal sealed class SqlText
{
    private SqlText(string name, IReadOnlyList<SqlStatement> statements)
    {
        Name = name;
        Statements = statements;
    }

    /// <summary>Where it stands, for messages: a file of the workflow's folder, or the field.</summary>
    public string Name { get; }

    /// <summary>The statements, without those that are empty.</summary>
    public IReadOnlyList<SqlStatement> Statements { get; }

    /// <summary>Cuts a text. Never fails: what is wrong is for DuckDB to say.</summary>
    public static SqlText Parse(string name, string text)
    {
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
                return Quoted(sql, at, '\'', escapes: false);
            case 'e' or 'E' when next == '\'':
                kind = SqlTokenKind.OtherText;
                return Quoted(sql, at + 1, '\'', escapes: true);
            case '"':
                kind = SqlTokenKind.QuotedName;
                return Quoted(sql, at, '"', escapes: false);
            case '-' when next == '-':
                kind = null;
                var line = sql.AsSpan(at).IndexOfAny('\r', '\n');
                return line < 0 ? sql.Length : at + line;
            case '/' when next == '*':
                kind = null;
                return Comment(sql, at);
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

    private static int Quoted(string sql, int at, char quote, bool escapes)
    {
        for (var i = at + 1; i < sql.Length; i++)
        {
            if (escapes && sql[i] == '\\')
                i++;
            else if (sql[i] == quote && i + 1 < sql.Length && sql[i + 1] == quote)
                i++;
            else if (sql[i] == quote)
                return i + 1;
        }

        return sql.Length;
    }

    private static int Comment(string sql, int at)
    {
        var depth = 1;
        for (var i = at + 2; i + 1 < sql.Length; i++)
        {
            var two = (sql[i], sql[i + 1]);
            if (two is not (('*', '/') or ('/', '*')))
                continue;
            depth += two is ('/', '*') ? 1 : -1;
            i++;
            if (depth == 0)
                return i + 1;
        }

        return sql.Length;
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
internal enum SqlTokenKind
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
internal readonly record struct SqlToken(SqlTokenKind Kind, int Start, int End);

/// <summary>One statement within its text.</summary>
internal sealed class SqlStatement(string text, int start, int end, IReadOnlyList<SqlToken> tokens)
{
    /// <summary>Its tokens, at least one.</summary>
    public IReadOnlyList<SqlToken> Tokens { get; } = tokens;

    /// <summary>A token as written.</summary>
    public ReadOnlySpan<char> this[int token] => text.AsSpan(Tokens[token].Start..Tokens[token].End);

    /// <summary>The line of a token in the whole text, from 1 on.</summary>
    public int LineOf(int token) => text.AsSpan(0, Tokens[token].Start).Count('\n') + 1;

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

    /// <summary>
    /// The statement with some tokens replaced, as many lines down as it stands in its text: places in DuckDB's messages are those of the text.
    /// </summary>
    /// <param name="replacements">What is put in the place of which tokens, in order: first token, last token, text without line breaks.</param>
    public string Render(IEnumerable<(int First, int Last, string Text)> replacements)
    {
        var sql = new System.Text.StringBuilder();
        sql.Append('\n', text.AsSpan(0, start).Count('\n'));
        var at = start;
        foreach (var (first, last, replacement) in replacements)
        {
            sql.Append(text, at, Tokens[first].Start - at).Append(replacement);
            // Lines that the replaced part had are kept.
            at = Tokens[last].End;
            sql.Append('\n', text.AsSpan(Tokens[first].Start..at).Count('\n'));
        }

        return sql.Append(text, at, end - at).ToString();
    }
}
