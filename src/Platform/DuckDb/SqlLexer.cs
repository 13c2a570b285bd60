namespace Pipeline.DuckDb;

/// <summary>Where pieces of SQL end that may hold anything.</summary>
internal static class SqlLexer
{
    /// <summary>The end of a quoted text or name; that of the text where the quote is never closed.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="at">The place of the opening quote.</param>
    /// <param name="quote">The quote; doubled, it is one within.</param>
    /// <param name="escapes">Whether a backslash takes the meaning from what follows it.</param>
    public static int EndOfQuoted(string sql, int at, char quote, bool escapes)
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

    /// <summary>The end of a comment between <c>/*</c> and <c>*/</c>, which may hold others.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="at">The place of its beginning.</param>
    public static int EndOfComment(string sql, int at)
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
}
