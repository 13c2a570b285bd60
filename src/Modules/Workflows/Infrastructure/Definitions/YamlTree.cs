using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Workflows.Infrastructure.Definitions;

/// <summary>A YAML document as JSON (the core schema of YAML 1.2), and the line that each of its nodes comes from.</summary>
internal sealed partial class YamlTree
{
    /// <summary>Nodes at most, aliases written out: a few lines of YAML can stand for billions.</summary>
    private const int MaxNodes = 100_000;
    private const int MaxDepth = 64;

    private readonly Dictionary<string, int> _lines = new(StringComparer.Ordinal);
    private int _nodes;

    // Read again from its text, numbers are of whatever type they are asked for.
    private YamlTree(YamlNode root) => Root = JsonNode.Parse(Convert(root, "", 0)?.ToJsonString() ?? "null");

    /// <summary>The document.</summary>
    public JsonNode? Root { get; }

    /// <summary>Reads one document.</summary>
    /// <exception cref="YamlFaultException">The text is not YAML, or not what we take; it says the line.</exception>
    public static YamlTree Read(string text)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            var stream = new YamlStream();
            stream.Load(parser);
            return stream.Documents.Count switch
            {
                0 => throw new YamlFaultException(1, "The file is empty."),
                1 => new YamlTree(stream.Documents[0].RootNode),
                _ => throw new YamlFaultException(Line(stream.Documents[1].RootNode), "There is a second document; a file holds one workflow."),
            };
        }
        catch (YamlException e)
        {
            throw new YamlFaultException((int)Math.Max(1, e.Start.Line), MessageOf(e));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException or OverflowException or NullReferenceException)
        {
            // The parser stumbles over some texts in its own ways; where it stood is all that it tells.
            throw new YamlFaultException((int)Math.Max(1, parser.Current?.End.Line ?? 1), "The text is not YAML around here.");
        }
    }

    /// <summary>The line of a field, such as <c>tasks.load.sql</c>, or of the closest node around it.</summary>
    public int LineOf(string field)
    {
        for (var path = field; path.Length > 0; path = Parent(path))
        {
            if (_lines.TryGetValue(path, out var line))
                return line;
        }

        return _lines.GetValueOrDefault("", 1);
    }

    private static string Parent(string path)
    {
        var end = path.LastIndexOfAny(['.', '[']);
        return end < 0 ? "" : path[..end];
    }

    private static int Line(YamlNode node) => (int)Math.Max(1, node.Start.Line);

    /// <summary>YamlDotNet puts positions before some messages and the cause into others.</summary>
    private static string MessageOf(YamlException e)
    {
        var message = PositionText().Replace((e.InnerException ?? e).Message, "").Trim();
        return message.EndsWith('.') ? message : message + ".";
    }

    private JsonNode? Convert(YamlNode node, string path, int depth)
    {
        if (++_nodes > MaxNodes)
            throw new YamlFaultException(Line(node), $"The file stands for more than {MaxNodes} values.");
        if (depth > MaxDepth)
            throw new YamlFaultException(Line(node), $"The file is nested more than {MaxDepth} deep.");
        _lines.TryAdd(path, Line(node));
        switch (node)
        {
            case YamlMappingNode map:
                var result = new JsonObject();
                foreach (var (key, value) in map.Children)
                {
                    if (key is not YamlScalarNode { Value: { } name })
                        throw new YamlFaultException(Line(key), "A key must be a text.");
                    var field = path.Length == 0 ? name : $"{path}.{name}";
                    _lines[field] = Line(key);
                    result[name] = Convert(value, field, depth + 1);
                }

                return result;
            case YamlSequenceNode list:
                return new JsonArray([.. list.Children.Select((item, i) => Convert(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), depth + 1))]);
            case YamlScalarNode scalar:
                return Scalar(scalar);
            default:
                throw new YamlFaultException(Line(node), $"A {node.NodeType} is not taken here.");
        }
    }

    private static JsonValue? Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
            return JsonValue.Create(text);
        if (text is "" or "~" or "null" or "Null" or "NULL")
            return null;
        if (text is "true" or "True" or "TRUE")
            return JsonValue.Create(true);
        if (text is "false" or "False" or "FALSE")
            return JsonValue.Create(false);
        if (Whole().IsMatch(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return JsonValue.Create(whole);
        if (Number().IsMatch(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            return JsonValue.Create(number);
        return JsonValue.Create(text);
    }

    [GeneratedRegex(@"^[-+]?[0-9]+$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex Number();

    [GeneratedRegex(@"^\(Line: \d+, Col: \d+, Idx: \d+\)( - \(Line: \d+, Col: \d+, Idx: \d+\))?:")]
    private static partial Regex PositionText();
}

/// <summary>A text is not YAML that we take.</summary>
internal sealed class YamlFaultException(int line, string message) : Exception(message)
{
    /// <summary>The line, from 1 on.</summary>
    public int Line { get; } = line;
}
