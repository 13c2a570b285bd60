using System.ComponentModel;
using System.Text.Json;
using FluentValidation;
using FluentValidation.Results;
using Microsoft.AspNetCore.Http;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Http;

/// <summary>The body of a request to run SQL.</summary>
/// <param name="Engine">Where.</param>
/// <param name="Sql">The statement.</param>
/// <param name="Parameters">Values of <c>$name</c>.</param>
/// <param name="MaxRows">The most rows.</param>
internal sealed record SqlBody(
    [property: Description("Where: lake or warehouse; lake when left out.")] string? Engine,
    [property: Description("The statement.")] string? Sql,
    [property: Description("Values of $name: texts, numbers, true, false, null.")] Dictionary<string, JsonElement>? Parameters,
    [property: Description("The most rows; 1000 when left out. Not for exports.")] int? MaxRows)
{
    /// <summary>Reads a form, as a page posts it to start a download: fields <c>engine</c>, <c>sql</c> and <c>parameters</c> (JSON).</summary>
    public static SqlBody Of(IFormCollection form)
    {
        var parameters = form["parameters"].ToString();
        try
        {
            return new SqlBody(
                form["engine"].ToString(),
                form["sql"].ToString(),
                parameters.Length == 0 ? null : JsonSerializer.Deserialize(parameters, QueryJsonContext.Default.DictionaryStringJsonElement),
                null);
        }
        catch (JsonException)
        {
            throw Invalid(nameof(Parameters), "must be a JSON object");
        }
    }

    public QueryEngine ToEngine()
    {
        if (string.IsNullOrEmpty(Engine))
            return QueryEngine.Lake;
        return Enum.TryParse<QueryEngine>(Engine, ignoreCase: true, out var engine) && Enum.IsDefined(engine) && !char.IsAsciiDigit(Engine[0])
            ? engine
            : throw Invalid(nameof(Engine), "must be lake or warehouse");
    }

    public Dictionary<string, object?> ToParameters()
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in Parameters ?? [])
        {
            values[name] = value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number when value.TryGetInt64(out var whole) => whole,
                JsonValueKind.Number when value.TryGetDecimal(out var exact) => exact,
                JsonValueKind.Number => value.GetDouble(),
                _ => throw Invalid($"{nameof(Parameters)}.{name}", "must be a text, a number, true, false or null"),
            };
        }

        return values;
    }

    private static ValidationException Invalid(string field, string message) => new([new ValidationFailure(field, message)]);
}
