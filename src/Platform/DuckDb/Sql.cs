namespace Pipeline.DuckDb;

/// <summary>Quotes values and names for SQL text. Parameters are better where a statement takes them; the path of a COPY, for one, is not.</summary>
public static class Sql
{
    /// <summary>A string literal. A NUL character, which SQL text cannot hold, becomes <c>chr(0)</c>.</summary>
    public static string Literal(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var quoted = $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
        return value.Contains('\0', StringComparison.Ordinal) ? $"({quoted.Replace("\0", "' || chr(0) || '", StringComparison.Ordinal)})" : quoted;
    }

    /// <summary>A quoted identifier.</summary>
    /// <exception cref="ArgumentException">The name is empty or holds a NUL character.</exception>
    public static string Identifier(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return name.Contains('\0', StringComparison.Ordinal)
            ? throw new ArgumentException("A name cannot hold a NUL character.", nameof(name))
            : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
