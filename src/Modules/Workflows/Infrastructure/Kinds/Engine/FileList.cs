using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>Names files to DuckDB so that it reads exactly these: a name that looks like a pattern means only itself.</summary>
internal static class FileList
{
    /// <summary>A list of files, for a function that reads files.</summary>
    public static string Of(IEnumerable<string> files) => $"[{string.Join(", ", files.Select(Of))}]";

    /// <summary>One file.</summary>
    public static string Of(string file) => Sql.Literal(
        file.AsSpan().IndexOfAny('[', '*', '?') < 0
            ? file
            : file.Replace("[", "[[]", StringComparison.Ordinal).Replace("*", "[*]", StringComparison.Ordinal).Replace("?", "[?]", StringComparison.Ordinal));
}
