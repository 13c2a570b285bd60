using System.Text.Json;

namespace Pipeline.DuckDb;

/// <summary>A column of a result.</summary>
public sealed class DuckColumn
{
    internal DuckColumn(string name, DuckType type, string jsonName)
    {
        Name = name;
        Type = type;
        JsonName = JsonEncodedText.Encode(jsonName);
    }

    /// <summary>The column's name; names may repeat.</summary>
    public string Name { get; }

    /// <summary>The column's type.</summary>
    public DuckType Type { get; }

    /// <summary>The name, made unique within the result.</summary>
    internal JsonEncodedText JsonName { get; }
}
