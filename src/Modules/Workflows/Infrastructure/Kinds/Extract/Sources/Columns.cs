using Pipeline.DuckDb;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources;

/// <summary>Gives columns the types that are declared.</summary>
internal static class Columns
{
    /// <summary>Casts columns of rows that have types already.</summary>
    /// <exception cref="TerminalException">The rows lack a declared column.</exception>
    public static async Task<SqlQuery> CastAsync(
        SqlSession session, SqlQuery query, IReadOnlyList<KeyValuePair<string, string>> declared, CancellationToken cancellationToken)
    {
        if (declared.Count == 0)
            return query;
        var columns = await session.DescribeAsync(query, cancellationToken);
        RefuseMissing(query.Name, columns.Select(c => c.Name), declared);
        var casts = declared.Select(d => $"CAST({Sql.Identifier(d.Key)} AS {d.Value}) AS {Sql.Identifier(d.Key)}");
        return query with { Select = $"SELECT * REPLACE ({string.Join(", ", casts)}) FROM ({query.Select})" };
    }

    /// <summary>No rows, of the declared columns.</summary>
    public static string None(IEnumerable<KeyValuePair<string, string>> declared) =>
        $"SELECT {string.Join(", ", declared.Select(d => $"CAST(NULL AS {d.Value}) AS {Sql.Identifier(d.Key)}"))} WHERE false";

    /// <summary>A map from names to types, as readers of files take it.</summary>
    public static string Map(IEnumerable<KeyValuePair<string, string>> columns) =>
        $"{{{string.Join(", ", columns.Select(c => $"{Sql.Literal(c.Key)}: {Sql.Literal(c.Value)}"))}}}";

    /// <summary>Declared types for some columns, found ones for the rest.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Merge(
        IEnumerable<(string Name, string Type)> found, IReadOnlyList<KeyValuePair<string, string>> declared)
    {
        var merged = new List<KeyValuePair<string, string>>();
        foreach (var (name, type) in found)
        {
            var given = declared.FirstOrDefault(d => string.Equals(d.Key, name, StringComparison.OrdinalIgnoreCase)).Value;
            merged.Add(KeyValuePair.Create(name, given ?? type));
        }

        return merged;
    }

    public static void RefuseMissing(string what, IEnumerable<string> columns, IReadOnlyList<KeyValuePair<string, string>> declared)
    {
        var known = columns.ToList();
        var missing = declared.Select(d => d.Key).Where(d => !known.Contains(d, StringComparer.OrdinalIgnoreCase)).ToList();
        if (missing.Count > 0)
            throw new TerminalException($"{what}: there is no column {string.Join(", ", missing)}; there are {string.Join(", ", known)}.");
    }
}
