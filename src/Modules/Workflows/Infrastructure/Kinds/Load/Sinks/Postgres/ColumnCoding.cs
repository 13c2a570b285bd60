using System.Globalization;
using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Postgres;

/// <summary>The forms of values in PostgreSQL's binary protocol.</summary>
internal enum Wire
{
    Boolean,
    Int16,
    Int32,
    Int64,
    Single,
    Double,
    Numeric,
    Text,
    Jsonb,
    Date,
    Timestamp,
    Time,
    Uuid,
    Bytes,
}

/// <summary>A column on its way.</summary>
/// <param name="Name">Its name in both.</param>
/// <param name="TargetType">Its type in the target table.</param>
/// <param name="StagedType">Its type in a temporary table; another than the target's where PostgreSQL makes the value from a text.</param>
/// <param name="Wire">Its form.</param>
/// <param name="Select">What selects it in that form.</param>
internal sealed record CodedColumn(string Name, string TargetType, string StagedType, Wire Wire, string Select)
{
    /// <summary>Whether it cannot be copied into the target itself.</summary>
    public bool IsStaged => TargetType != StagedType;
}

/// <summary>A column as the target table has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type with modifiers, as SQL writes it.</param>
/// <param name="BaseType">The name of the type in the catalog.</param>
/// <param name="Modifier">The modifier; -1 for none.</param>
internal sealed record TargetColumn(string Name, string Type, string BaseType, int Modifier);

/// <summary>Brings types of DuckDB and PostgreSQL together.</summary>
internal static class ColumnCoding
{
    private const int NumericHeader = 4;
    private const int MostDigits = 38;

    /// <summary>The type of a column of a new table.</summary>
    public static string NewType(string type) => type switch
    {
        "BOOLEAN" => "boolean",
        "TINYINT" or "SMALLINT" or "UTINYINT" => "smallint",
        "INTEGER" or "USMALLINT" => "integer",
        "BIGINT" or "UINTEGER" => "bigint",
        "UBIGINT" or "HUGEINT" or "UHUGEINT" => "numeric",
        "FLOAT" => "real",
        "DOUBLE" => "double precision",
        "DATE" => "date",
        "TIMESTAMP" or "TIMESTAMP_S" or "TIMESTAMP_MS" or "TIMESTAMP_NS" => "timestamp without time zone",
        "TIMESTAMP WITH TIME ZONE" => "timestamp with time zone",
        "TIME" or "TIME_NS" => "time without time zone",
        "UUID" => "uuid",
        "BLOB" => "bytea",
        "JSON" => "jsonb",
        _ when type.StartsWith("DECIMAL(", StringComparison.Ordinal) => "numeric" + type["DECIMAL".Length..],
        _ when IsNested(type) => "jsonb",
        _ => "text",
    };

    /// <summary>How a column gets into a column of a table.</summary>
    public static CodedColumn For(TargetColumn target, string sourceName, string sourceType)
    {
        var name = Sql.Identifier(sourceName);
        return target.BaseType switch
        {
            "bool" => Cast(Wire.Boolean, "BOOLEAN"),
            "int2" => Cast(Wire.Int16, "SMALLINT"),
            "int4" => Cast(Wire.Int32, "INTEGER"),
            "int8" => Cast(Wire.Int64, "BIGINT"),
            "float4" => Cast(Wire.Single, "FLOAT"),
            "float8" => Cast(Wire.Double, "DOUBLE"),
            "numeric" when IsExact(sourceType) => new CodedColumn(target.Name, target.Type, target.Type, Wire.Numeric, name),
            "numeric" when ScaleOf(target.Modifier) is { } scale =>
                Cast(Wire.Numeric, string.Create(CultureInfo.InvariantCulture, $"DECIMAL({MostDigits},{scale})")),
            "text" or "varchar" or "bpchar" or "name" or "json" => new CodedColumn(target.Name, target.Type, target.Type, Wire.Text, Text()),
            "jsonb" => new CodedColumn(target.Name, target.Type, target.Type, Wire.Jsonb, Text()),
            "date" => Cast(Wire.Date, "DATE"),
            "timestamp" => Cast(Wire.Timestamp, "TIMESTAMP"),
            "timestamptz" => Cast(Wire.Timestamp, "TIMESTAMP WITH TIME ZONE"),
            "time" => Cast(Wire.Time, "TIME"),
            "uuid" => Cast(Wire.Uuid, "UUID"),
            "bytea" => Cast(Wire.Bytes, "BLOB"),

            // Whatever else there is, PostgreSQL reads from text.
            _ => new CodedColumn(target.Name, target.Type, "text", Wire.Text, Text()),
        };

        CodedColumn Cast(Wire wire, string type) => new(target.Name, target.Type, target.Type, wire, $"CAST({name} AS {type})");

        string Text() => IsNested(sourceType) ? $"CAST(to_json({name}) AS VARCHAR)" : $"CAST({name} AS VARCHAR)";
    }

    private static bool IsNested(string type) =>
        type.EndsWith(']') || type.StartsWith("STRUCT(", StringComparison.Ordinal)
            || type.StartsWith("MAP(", StringComparison.Ordinal) || type.StartsWith("UNION(", StringComparison.Ordinal);

    private static bool IsExact(string type) =>
        type is "TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "HUGEINT" or "UTINYINT" or "USMALLINT" or "UINTEGER" or "UBIGINT"
        || (type.StartsWith("DECIMAL(", StringComparison.Ordinal) && type.EndsWith(')'));

    // ((precision << 16) | scale) + 4, the scale in 11 bits with a sign.
    private static int? ScaleOf(int modifier)
    {
        if (modifier < NumericHeader)
            return null;
        var scale = (((modifier - NumericHeader) & 0x7FF) ^ 1024) - 1024;
        return scale is >= 0 and <= MostDigits ? scale : null;
    }
}
