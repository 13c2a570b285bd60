using System.Text.Json.Serialization;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>Source-generated JSON of what the store keeps.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, int>))]
[JsonSerializable(typeof(Dictionary<string, TaskOutput>))]
[JsonSerializable(typeof(IReadOnlyList<GraphNode>))]
internal sealed partial class EngineJsonContext : JsonSerializerContext;

/// <summary>A task as the store makes it for each run.</summary>
internal sealed record GraphNode(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("pending")] int Pending,
    [property: JsonPropertyName("next")] IReadOnlyList<int> Next)
{
    /// <summary>The graph of a definition, by ordinal, which is the task's place in it.</summary>
    public static IReadOnlyList<GraphNode> Of(Domain.WorkflowDefinition definition)
    {
        var ordinals = definition.Tasks.Index().ToDictionary(t => t.Item.Name, t => t.Index, StringComparer.Ordinal);
        var next = definition.Tasks.Select(_ => new List<int>()).ToArray();
        foreach (var (ordinal, task) in definition.Tasks.Index())
        {
            foreach (var before in task.After.Distinct(StringComparer.Ordinal))
                next[ordinals[before]].Add(ordinal);
        }

        return [.. definition.Tasks.Select((task, ordinal) => new GraphNode(task.Name, task.After.Distinct(StringComparer.Ordinal).Count(), next[ordinal]))];
    }
}
