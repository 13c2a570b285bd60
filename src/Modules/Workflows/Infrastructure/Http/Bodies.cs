using System.ComponentModel;
using System.Text.Json;
using Pipeline.ServiceDefaults.Http;

namespace Pipeline.Workflows.Infrastructure.Http;

/// <summary>The body of a request for a run.</summary>
/// <param name="Params">The run's parameters: texts, numbers, true or false.</param>
/// <param name="LogicalDate">The moment that the run is for.</param>
internal sealed record StartRunBody(
    [property: Description("The run's parameters by name: texts, numbers, true or false; those left out take their defaults.")]
        Dictionary<string, JsonElement>? Params,
    [property: Description("The moment that the run is for; ISO 8601 with a zone; now when left out.")] string? LogicalDate);

/// <summary>The body of a request for a backfill.</summary>
/// <param name="From">The first moment of the range.</param>
/// <param name="To">The last moment of the range.</param>
/// <param name="Concurrency">How many of the runs may go at once.</param>
/// <param name="Params">The parameters of the runs.</param>
internal sealed record StartBackfillBody(
    [property: Description("The first moment of the range; ISO 8601 with a zone.")] string? From,
    [property: Description("The last moment of the range; ISO 8601 with a zone.")] string? To,
    [property: Description("How many of the runs may go at once; 1 when left out.")] int? Concurrency,
    [property: Description("The parameters of the runs by name; those left out take their defaults.")] Dictionary<string, JsonElement>? Params);

/// <summary>Reads the parts of bodies.</summary>
internal static class Bodies
{
    /// <summary>The parameters as texts.</summary>
    public static Dictionary<string, string> Parameters(this QueryReader reader, Dictionary<string, JsonElement>? given)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in given ?? [])
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.String when Text(value) is { } text:
                    parameters.Add(name, text);
                    break;
                case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                    parameters.Add(name, value.GetRawText());
                    break;
                default:
                    reader.Fail($"Params.{name}", "must be a text of whole characters, a number, true or false");
                    break;
            }
        }

        return parameters;
    }

    /// <summary>A text; null where it holds half of a surrogate pair, which no store takes.</summary>
    private static string? Text(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A moment that must be given.</summary>
    public static DateTimeOffset Moment(this QueryReader reader, string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
            reader.Fail(name, "must be given");
        return reader.Time(name, text) ?? default;
    }

    /// <summary>A whole number that may be left out and may be large.</summary>
    public static long? LongNumber(this QueryReader reader, string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var value))
            return value;
        reader.Fail(name, "must be a whole number, 0 or more");
        return null;
    }
}
