using System.Collections.Frozen;
using System.Text.Json;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>The values of an enum as the store and the API write them: <c>timed_out</c>.</summary>
internal static class Names<T>
    where T : struct, Enum
{
    private static readonly FrozenDictionary<T, string> _names =
        Enum.GetValues<T>().ToFrozenDictionary(v => v, v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()));

    private static readonly FrozenDictionary<string, T> _values = _names.ToFrozenDictionary(p => p.Value, p => p.Key, StringComparer.Ordinal);

    public static IReadOnlyCollection<string> All => _values.Keys;

    public static string Of(T value) => _names[value];

    public static T Parse(string name) => _values[name];

    public static bool TryParse(string name, out T value) => _values.TryGetValue(name, out value);
}
