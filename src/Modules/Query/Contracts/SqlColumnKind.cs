using System.Text.Json.Serialization;

namespace Pipeline.Query.Contracts;

/// <summary>What the values of a column are, for who draws them.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<SqlColumnKind>))]
public enum SqlColumnKind
{
    /// <summary>Texts, and all that is none of the others.</summary>
    Text,

    /// <summary>Numbers.</summary>
    Number,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>Moments and days.</summary>
    Time,

    /// <summary>JSON: lists, structs, maps and what is of a JSON type.</summary>
    Json,
}
