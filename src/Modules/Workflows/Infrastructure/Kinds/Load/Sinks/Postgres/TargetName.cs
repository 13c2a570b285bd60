using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Postgres;

/// <summary>The name of a table in PostgreSQL, as the settings have it: <c>schema.table</c>, or a table of <c>public</c>. Case counts.</summary>
internal sealed record TargetName(string Schema, string Table)
{
    /// <summary>Reads a name; null where it is none.</summary>
    public static TargetName? TryParse(string text) => text.Split('.') switch
    {
        [{ Length: > 0 } table] => new TargetName("public", table),
        [{ Length: > 0 } schema, { Length: > 0 } table] => new TargetName(schema, table),
        _ => null,
    };

    /// <summary>The name quoted for SQL.</summary>
    public string Quoted => $"{Sql.Identifier(Schema)}.{Sql.Identifier(Table)}";

    /// <summary>The schema quoted for SQL.</summary>
    public string QuotedSchema => Sql.Identifier(Schema);

    public override string ToString() => $"{Schema}.{Table}";
}
