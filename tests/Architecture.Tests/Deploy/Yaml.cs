using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Pipeline.Architecture.Tests.Deploy;

/// <summary>YAML as dictionaries, lists and strings, with a way along them.</summary>
internal static class Yaml
{
    public static object? Read(string text) => ReadAll(text).Single();

    public static List<object?> ReadAll(string text)
    {
        var parser = new MergingParser(new Parser(new StringReader(text)));
        var deserializer = new DeserializerBuilder().WithTagMapping("!override", typeof(Dictionary<object, object>)).Build();
        var documents = new List<object?>();
        parser.Consume<YamlDotNet.Core.Events.StreamStart>();
        while (parser.Accept<YamlDotNet.Core.Events.DocumentStart>(out _))
            documents.Add(deserializer.Deserialize<object?>(parser));
        return documents;
    }

    /// <summary>The value at a path such as <c>spec.template</c>; null where there is none.</summary>
    public static object? At(this object? node, string path)
    {
        foreach (var name in path.Split('.'))
            node = node is IDictionary<object, object> map && map.TryGetValue(name, out var value) ? value : null;
        return node;
    }

    public static string? Text(this object? node, string path) => node.At(path) as string;

    public static IEnumerable<object?> Items(this object? node, string path) => node.At(path) as IEnumerable<object?> ?? [];

    public static IEnumerable<string> Texts(this object? node, string path) => node.Items(path).OfType<string>();

    public static Dictionary<string, object?> Map(this object? node, string path) => node.At(path).Map();

    public static Dictionary<string, object?> Map(this object? node) =>
        (node as IDictionary<object, object>)?.ToDictionary(p => (string)p.Key, p => (object?)p.Value) ?? [];
}
