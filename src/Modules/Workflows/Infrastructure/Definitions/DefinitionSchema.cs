using System.Globalization;
using System.Text.Json.Nodes;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Pipeline.Workflows.Infrastructure.Definitions;

/// <summary>The published schema <c>workflow.schema.json</c>, and its complaints as sentences.</summary>
internal sealed class DefinitionSchema
{
    private readonly JsonSchema _schema;

    private DefinitionSchema(JsonSchema schema) => _schema = schema;

    /// <summary>The schema as embedded in this assembly.</summary>
    public static async Task<DefinitionSchema> LoadAsync(CancellationToken cancellationToken)
    {
        await using var stream = typeof(DefinitionSchema).Assembly.GetManifestResourceStream("workflow.schema.json")!;
        return new DefinitionSchema(await JsonSchema.FromJsonAsync(stream, cancellationToken));
    }

    /// <summary>What the schema does not allow in a document, by field.</summary>
    public IEnumerable<(string Field, string Message)> Check(JsonObject document)
    {
        var errors = _schema.Validate(document.ToJsonString());
        return errors.SelectMany(e => Flatten(e, "")).Distinct();
    }

    /// <summary>An error within a map's value comes wrapped in one of the map, and its path starts at that value.</summary>
    private static List<(string Field, string Message)> Flatten(ValidationError error, string around)
    {
        var field = Join(around, error.Path);
        IEnumerable<ValidationError> inner = error switch
        {
            ChildSchemaValidationError child => child.Errors.SelectMany(e => e.Value),

            // Of the types that a value may have, an object is meant where it is one: its own faults tell more than that no type fits.
            MultiTypeValidationError types => types.Errors.Where(e => e.Key == JsonObjectType.Object).SelectMany(e => e.Value).Where(e => e.Kind != ValidationErrorKind.ObjectExpected),
            _ => [],
        };
        var details = inner.SelectMany(e => Flatten(e, field)).ToList();
        return details.Count > 0 ? details : [(field, Sentence(error))];
    }

    private static string Join(string around, string? path)
    {
        var field = path is null ? "" : path.TrimStart('#').TrimStart('/').Replace('/', '.');
        return around.Length == 0 || field.Length == 0 || field.StartsWith(around, StringComparison.Ordinal) ? (field.Length == 0 ? around : field) : $"{around}.{field}";
    }

    private static string Sentence(ValidationError error)
    {
        var schema = error.Schema.ActualSchema;
        return error.Kind switch
        {
            ValidationErrorKind.NoAdditionalPropertiesAllowed => Unknown(error.Property ?? "", [.. schema.Properties.Keys]),
            ValidationErrorKind.PropertyRequired => $"'{error.Property}' is missing.",
            ValidationErrorKind.NotInEnumeration => $"must be one of {string.Join(", ", schema.Enumeration)}.",
            ValidationErrorKind.PatternMismatch => schema.Description is { Length: > 0 } description ? $"does not fit: {description}" : $"does not match {schema.Pattern}.",
            ValidationErrorKind.StringExpected => "must be a text.",
            ValidationErrorKind.IntegerExpected => "must be a whole number.",
            ValidationErrorKind.NumberExpected => "must be a number.",
            ValidationErrorKind.BooleanExpected => "must be true or false.",
            ValidationErrorKind.ObjectExpected => "must be a mapping.",
            ValidationErrorKind.ArrayExpected => "must be a list.",
            ValidationErrorKind.DateTimeExpected => "must be a moment, such as 2026-01-31T00:00:00Z.",
            ValidationErrorKind.StringTooShort => "must not be empty.",
            ValidationErrorKind.StringTooLong => string.Create(CultureInfo.InvariantCulture, $"must be at most {schema.MaxLength} characters."),
            ValidationErrorKind.NumberTooSmall => string.Create(CultureInfo.InvariantCulture, $"must be at least {schema.Minimum}."),
            ValidationErrorKind.NumberTooBig or ValidationErrorKind.IntegerTooBig => string.Create(CultureInfo.InvariantCulture, $"must be at most {schema.Maximum}."),
            ValidationErrorKind.TooFewItems or ValidationErrorKind.TooFewProperties when schema.MaxProperties == 1 => $"must have one of {string.Join(", ", schema.Properties.Keys)}.",
            ValidationErrorKind.TooFewItems or ValidationErrorKind.TooFewProperties => "must not be empty.",
            ValidationErrorKind.TooManyProperties => $"must have only one of {string.Join(", ", schema.Properties.Keys)}.",
            ValidationErrorKind.ItemsNotUnique => "must not name one twice.",
            ValidationErrorKind.NoTypeValidates => $"must be {string.Join(" or ", Types(schema.Type))}.",
            _ => $"is not as the schema has it ({error.Kind}).",
        };
    }

    private static string Unknown(string key, IReadOnlyCollection<string> known)
    {
        var near = known.Select(k => (Key: k, Distance: Distance(key, k))).Where(k => k.Distance <= 2).OrderBy(k => k.Distance).Select(k => k.Key).FirstOrDefault();
        return near is null ? $"'{key}' is no known key; known are {string.Join(", ", known)}." : $"'{key}' is no known key; '{near}' is.";
    }

    private static IEnumerable<string> Types(JsonObjectType types) =>
        from type in new[] { JsonObjectType.String, JsonObjectType.Number, JsonObjectType.Integer, JsonObjectType.Boolean, JsonObjectType.Object, JsonObjectType.Array }
        where types.HasFlag(type)
        select type switch
        {
            JsonObjectType.String => "a text",
            JsonObjectType.Number => "a number",
            JsonObjectType.Integer => "a whole number",
            JsonObjectType.Boolean => "true or false",
            JsonObjectType.Array => "a list",
            _ => "a mapping",
        };

    /// <summary>How many letters must change (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
