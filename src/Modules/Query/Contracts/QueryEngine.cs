using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Query.Contracts;

/// <summary>Where a statement runs.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<QueryEngine>))]
public enum QueryEngine
{
    /// <summary>DuckDB over the tables of the lake.</summary>
    Lake,

    /// <summary>PostgreSQL.</summary>
    Warehouse,
}

/// <summary>Writes the values of an enum as words in lower case: <c>time_limit</c>.</summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class LowerCaseEnumConverter<T> : JsonStringEnumConverter<T>
    where T : struct, Enum
{
    /// <summary>Creates the converter.</summary>
    public LowerCaseEnumConverter() : base(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    {
    }
}
