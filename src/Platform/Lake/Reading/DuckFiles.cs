using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>Names files to DuckDB so that it reads exactly these.</summary>
internal static class DuckFiles
{
    /// <summary>A literal for a function that takes file patterns: a name that looks like a pattern means only itself.</summary>
    public static string Literal(string file) => Sql.Literal(
        file.AsSpan().IndexOfAny('[', '*', '?') < 0
            ? file
            : file.Replace("[", "[[]", StringComparison.Ordinal).Replace("*", "[*]", StringComparison.Ordinal).Replace("?", "[?]", StringComparison.Ordinal));
}
