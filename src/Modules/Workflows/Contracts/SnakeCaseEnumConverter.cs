using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Workflows.Contracts;

/// <summary>Writes the values of an enum as words in lower case: <c>timed_out</c>.</summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class SnakeCaseEnumConverter<T> : JsonStringEnumConverter<T>
    where T : struct, Enum
{
    /// <summary>Creates the converter.</summary>
    public SnakeCaseEnumConverter() : base(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    {
    }
}
