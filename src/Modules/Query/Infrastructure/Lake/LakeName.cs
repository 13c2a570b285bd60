using System.Collections.Frozen;

namespace Pipeline.Query.Infrastructure.Lake;

/// <summary>How a statement names the table at a path: folders are catalog and schema.</summary>
internal static class LakeName
{
    private const int MaxParts = 3;

    // Words that cannot stand for a table without quotes; after a dot any word can.
    private static readonly FrozenSet<string> _reserved = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "all", "analyse", "analyze", "and", "anti", "any", "array", "as", "asc", "asof", "asymmetric", "both", "case", "cast", "check", "collate", "column", "constraint", "create", "cross",
        "default", "deferrable", "desc", "describe", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "full", "glob", "grant", "group", "having", "ilike",
        "in", "initially", "inner", "intersect", "into", "is", "isnull", "join", "lake", "lambda", "lateral", "leading", "left", "like", "limit", "map", "natural", "not", "notnull", "null", "offset",
        "on", "only", "or", "order", "outer", "overlaps", "pivot", "pivot_longer", "pivot_wider", "placing", "positional", "primary", "qualify", "references", "returning", "right", "select",
        "semi", "show", "similar", "some", "struct", "summarize", "symmetric", "table", "tablesample", "then", "to", "trailing", "true", "try_cast", "union", "unique", "unpivot", "using",
        "variadic", "verbose", "when", "where", "window", "with");

    /// <summary>The name of the table at a path.</summary>
    public static string Of(string path)
    {
        var parts = path.Split('/');

        // Names have three parts at most: folders above go into the first one.
        if (parts.Length > MaxParts)
            parts = [string.Join('/', parts[..^1]), parts[^1]];
        return string.Join('.', parts.Select((part, i) => IsPlain(part) && (i > 0 || !_reserved.Contains(part)) ? part : DuckDb.Sql.Identifier(part)));
    }

    private static bool IsPlain(string part) =>
        part.Length > 0 && !char.IsAsciiDigit(part[0]) && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
