using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Http;

/// <summary>The values of one request out of <c>each</c>, which fill <c>${each:key}</c> and become columns.</summary>
internal sealed class EachValues
{
    private const string Open = "${each:";

    private readonly KindSettings _settings;
    private readonly IReadOnlyList<KeyValuePair<string, string>> _values;

    private EachValues(KindSettings settings)
    {
        _settings = settings;
        _values = [.. settings.Node.Select(p => KeyValuePair.Create(p.Key, settings.Text(p.Key) ?? ""))];
    }

    /// <summary>The requests; one without values where there is no list.</summary>
    public static IReadOnlyList<EachValues> Read(KindSettings settings) =>
        settings.Has("each") ? [.. settings.Sections("each").Select(s => new EachValues(s))] : [new EachValues(new KindSettings(new JsonObject(), "each"))];

    /// <summary>The keys.</summary>
    public IEnumerable<string> Keys => _values.Select(v => v.Key);

    /// <summary>The values as JSON members: numbers stay numbers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Json => [.. _settings.Node.Select(p => KeyValuePair.Create(p.Key, p.Value?.ToJsonString() ?? "null"))];

    /// <summary>One name for these values, by which their cursor is kept.</summary>
    public string Name => string.Join('&', _values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"));

    /// <summary>Fills a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="encode">How a value is written there.</param>
    public string Fill(string text, Func<string, string>? encode = null)
    {
        foreach (var (key, value) in _values)
            text = text.Replace($"{Open}{key}}}", encode is null ? value : encode(value), StringComparison.Ordinal);
        return text.Contains(Open, StringComparison.Ordinal)
            ? throw new TerminalException($"{text[text.IndexOf(Open, StringComparison.Ordinal)..]}: each has the keys {string.Join(", ", Keys)}.")
            : text;
    }

    /// <summary>A value within a JSON text.</summary>
    public static string InJson(string value) => JsonSerializer.Serialize(value, JsonText.Default.String)[1..^1];
}
