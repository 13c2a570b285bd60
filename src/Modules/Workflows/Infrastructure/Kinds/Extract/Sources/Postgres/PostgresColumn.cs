using System.Globalization;
using Npgsql.PostgresTypes;
using Npgsql.Schema;
using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Postgres;

/// <summary>A column of PostgreSQL on its way to DuckDB as text.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Export">What selects it as a text that DuckDB reads.</param>
/// <param name="ReadAs">The type by which that text is read.</param>
/// <param name="Import">What makes the value of it.</param>
internal sealed record PostgresColumn(string Name, string Export, string ReadAs, string Import)
{
    private const int MostDigits = 38;

    // As Spark has it for a numeric without a precision: 20 digits before the point; one with more fails and is not rounded.
    private const int OpenScale = 18;

    /// <summary>How a column is brought over.</summary>
    /// <param name="column">The column.</param>
    /// <param name="declared">The type that the settings declare; null for none.</param>
    public static PostgresColumn Of(NpgsqlDbColumn column, string? declared)
    {
        var name = Sql.Identifier(column.ColumnName);
        if (column.PostgresType is PostgresArrayType)
            return As("JSON", $"to_json({name})::text");
        return column.PostgresType.InternalName switch
        {
            "bool" => As("BOOLEAN"),
            "int2" => As("SMALLINT"),
            "int4" => As("INTEGER"),
            "int8" or "oid" => As("BIGINT"),
            "float4" => As("FLOAT"),
            "float8" => As("DOUBLE"),
            "numeric" => As(Decimal(column)),
            "json" or "jsonb" => As("JSON"),
            "uuid" => As("UUID"),
            "date" => As("DATE"),
            "timestamp" => As("TIMESTAMP"),
            "timestamptz" => As("TIMESTAMP WITH TIME ZONE"),
            "time" => As("TIME"),
            "bytea" => new PostgresColumn(column.ColumnName, $"encode({name}, 'hex')", "VARCHAR", Cast($"unhex({name})", declared)),
            _ => As("VARCHAR", $"{name}::text"),
        };

        PostgresColumn As(string read, string? export = null) => new(column.ColumnName, export ?? name, declared ?? read, name);

        static string Cast(string value, string? declared) => declared is null ? value : $"CAST({value} AS {declared})";
    }

    private static string Decimal(NpgsqlDbColumn column)
    {
        var (precision, scale) = (column.NumericPrecision ?? 0, column.NumericScale ?? 0);
        return precision is > 0 and <= MostDigits && scale >= 0 && scale <= precision
            ? string.Create(CultureInfo.InvariantCulture, $"DECIMAL({precision},{scale})")
            : string.Create(CultureInfo.InvariantCulture, $"DECIMAL({MostDigits},{OpenScale})");
    }
}
