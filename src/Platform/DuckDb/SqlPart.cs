namespace Pipeline.DuckDb;

/// <summary>One statement within the text that the caller gave, so that an error in it has its place in the whole.</summary>
internal readonly record struct SqlPart(string Whole, int Start, int Length)
{
    internal SqlPart(string sql) : this(sql, 0, sql.Length)
    {
    }

    /// <summary>The statement alone; empty for no statement.</summary>
    internal string Text => Whole is null ? "" : Start == 0 && Length == Whole.Length ? Whole : Whole.Substring(Start, Length);

    /// <summary>
    /// Cuts a text at the semicolons between statements; each part keeps the comments and white space before its statement.
    /// Follows DuckDB's scanner, which is PostgreSQL's: quotes, escape strings, dollar quotes, nested comments.
    /// </summary>
    internal static List<SqlPart> Split(string sql)
    {
        var parts = new List<SqlPart>();
        var start = 0;
        for (var at = 0; at < sql.Length;)
        {
            if (sql[at] != ';')
            {
                at = Skip(sql, at);
                continue;
            }

            parts.Add(new SqlPart(sql, start, at - start));
            start = ++at;
        }

        if (start < sql.Length)
            parts.Add(new SqlPart(sql, start, sql.Length - start));
        return parts;
    }

    /// <summary>The index behind the token, or behind the one character, that starts here.</summary>
    private static int Skip(string sql, int at)
    {
        var next = at + 1 < sql.Length ? sql[at + 1] : '\0';
        switch (sql[at])
        {
            case '\'':
                var escapes = at > 0 && sql[at - 1] is 'e' or 'E' && (at == 1 || !IsName(sql[at - 2]));
                return SqlLexer.EndOfQuoted(sql, at, '\'', escapes);
            case '"':
                return SqlLexer.EndOfQuoted(sql, at, '"', escapes: false);
            case '-' when next == '-':
                var line = sql.AsSpan(at).IndexOfAny('\r', '\n');
                return line < 0 ? sql.Length : at + line;
            case '/' when next == '*':
                return SqlLexer.EndOfComment(sql, at);
            case '$' when at == 0 || !IsName(sql[at - 1]):
                return Dollar(sql, at);
            default:
                return at + 1;
        }
    }

    private static int Dollar(string sql, int at)
    {
        var end = at + 1;
        while (end < sql.Length && IsName(sql[end]))
            end++;
        // $1 and $name are parameters; $$ and $tag$ open a quote that ends with the same.
        if (end >= sql.Length || sql[end] != '$' || (end > at + 1 && char.IsAsciiDigit(sql[at + 1])))
            return at + 1;
        var tag = sql[at..(end + 1)];
        var close = sql.IndexOf(tag, end + 1, StringComparison.Ordinal);
        return close < 0 ? sql.Length : close + tag.Length;
    }

    private static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_' || c > '\x7F';
}
