using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Workflows.Infrastructure.Kinds;

/// <summary>
/// Reads the settings of a task. Numbers and flags may be texts, as templates make them. What the schema has checked is not checked again; what is wrong all
/// the same is a
/// <see cref="TerminalException"/> that names the field.
/// </summary>
internal readonly record struct KindSettings(JsonObject Node, string Path)
{
    /// <summary>The settings of a task.</summary>
    public KindSettings(JsonObject node) : this(node, "")
    {
    }

    /// <summary>The names that are there.</summary>
    public IEnumerable<string> Names => Node.Where(p => p.Value is not null).Select(p => p.Key);

    /// <summary>Whether a field is there.</summary>
    public bool Has(string name) => Node[name] is not null;

    /// <summary>A text; null where it is not there.</summary>
    public string? Text(string name) => Node[name] is { } node ? TextOf(node, name) : null;

    /// <summary>A text that must be there.</summary>
    public string Required(string name) => Text(name) ?? throw Missing(name);

    /// <summary>A whole number; null where it is not there.</summary>
    public long? Number(string name) => Text(name) is not { } text ? null
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : throw new TerminalException($"{FieldOf(name)} is '{text}'; it must be a whole number.");

    /// <summary>A whole number of a range; null where it is not there.</summary>
    public int? Number(string name, int least, int most) => Number(name) switch
    {
        null => null,
        { } number when number >= least && number <= most => (int)number,
        { } number => throw new TerminalException(string.Create(CultureInfo.InvariantCulture, $"{FieldOf(name)} is {number}; it must be {least} to {most}.")),
    };

    /// <summary>True or false; null where it is not there.</summary>
    public bool? Flag(string name) => Text(name) is not { } text ? null
        : bool.TryParse(text, out var flag) ? flag
        : throw new TerminalException($"{FieldOf(name)} is '{text}'; it must be true or false.");

    /// <summary>Settings within these; null where they are not there.</summary>
    public KindSettings? Section(string name) => Node[name] switch
    {
        null => null,
        JsonObject section => new KindSettings(section, FieldOf(name)),
        _ => throw new TerminalException($"{FieldOf(name)} must be an object."),
    };

    /// <summary>Settings within these that must be there.</summary>
    public KindSettings RequiredSection(string name) => Section(name) ?? throw Missing(name);

    /// <summary>Sections in a list; none where it is not there.</summary>
    public IReadOnlyList<KindSettings> Sections(string name)
    {
        var path = FieldOf(name);
        return Node[name] is JsonArray list
            ? [.. list.Select((item, i) => item is JsonObject section
                ? new KindSettings(section, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))
                : throw new TerminalException($"{path} must be a list of objects."))]
            : [];
    }

    /// <summary>A list of texts; none where it is not there.</summary>
    public IReadOnlyList<string> List(string name)
    {
        var settings = this;
        return Node[name] switch
        {
            null => [],
            JsonArray list => [.. list.Select(item => settings.TextOf(item ?? throw settings.Missing(name), name))],
            var single => [TextOf(single, name)],
        };
    }

    /// <summary>Texts by name, in order; none where they are not there.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Map(string name) => Section(name) is { } section
        ? [.. section.Node.Where(p => p.Value is not null).Select(p => KeyValuePair.Create(p.Key, section.TextOf(p.Value!, p.Key)))]
        : [];

    /// <summary>The path of a field, as messages name it.</summary>
    public string FieldOf(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    private TerminalException Missing(string name) => new($"{FieldOf(name)} is missing.");

    private string TextOf(JsonNode node, string name) => node switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value when value.GetValueKind() is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.ToJsonString(),
        _ => throw new TerminalException($"{FieldOf(name)} must be a single value."),
    };
}
