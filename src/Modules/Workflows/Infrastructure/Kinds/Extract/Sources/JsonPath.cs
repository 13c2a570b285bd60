using System.Globalization;
using System.Text;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources;

/// <summary>The path of a value in a JSON document: <c>$.data.items</c>, <c>$['odd name'][0]</c>; <c>$</c> is the document.</summary>
internal sealed class JsonPath
{
    private readonly byte[]?[] _names;
    private readonly int[] _indices;
    private readonly string _text;

    private JsonPath(string text, List<(byte[]? Name, int Index)> segments)
    {
        _text = text;
        _names = [.. segments.Select(s => s.Name)];
        _indices = [.. segments.Select(s => s.Index)];
    }

    /// <summary>The document itself.</summary>
    public static JsonPath Root { get; } = new("$", []);

    /// <summary>How many steps it has.</summary>
    public int Length => _names.Length;

    /// <summary>Reads a path; null where it is none.</summary>
    public static JsonPath? TryParse(string text)
    {
        var segments = new List<(byte[]?, int)>();
        var at = text.StartsWith('$') ? 1 : 0;
        if (at == 0 && text.Length > 0)
            text = "$." + text;
        for (at = 1; at < text.Length;)
        {
            if (text[at] == '.')
            {
                var end = text.AsSpan(at + 1).IndexOfAny('.', '[') is var i and >= 0 ? at + 1 + i : text.Length;
                if (end == at + 1)
                    return null;
                segments.Add((Encoding.UTF8.GetBytes(text[(at + 1)..end]), -1));
                at = end;
                continue;
            }

            var close = text.IndexOf(']', at);
            if (text[at] != '[' || close < 0)
                return null;
            var inner = text[(at + 1)..close];
            if (inner.Length >= 2 && inner[0] is '\'' or '"' && inner[^1] == inner[0])
                segments.Add((Encoding.UTF8.GetBytes(inner[1..^1]), -1));
            else if (int.TryParse(inner, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                segments.Add((null, index));
            else
                return null;
            at = close + 1;
        }

        return new JsonPath(text, segments);
    }

    /// <summary>Reads a path.</summary>
    /// <exception cref="TerminalException">It is none.</exception>
    public static JsonPath Parse(string text) =>
        TryParse(text) ?? throw new TerminalException($"'{text}' is no path in a JSON document: it is written as $.data.items or $['data'][0].");

    /// <summary>The name that a step asks for; null where it asks for an index.</summary>
    public ReadOnlySpan<byte> Name(int step) => _names[step];

    /// <summary>The index that a step asks for; -1 where it asks for a name.</summary>
    public int Index(int step) => _indices[step];

    /// <inheritdoc />
    public override string ToString() => _text;
}
