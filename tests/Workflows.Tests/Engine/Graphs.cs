using System.Text.Json.Nodes;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Engine;

/// <summary>Makes definitions.</summary>
internal static class Graphs
{
    public static WorkflowDefinition Workflow(string name, params TaskDefinition[] tasks)
    {
        var version = Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N");
        return new WorkflowDefinition
        {
            Name = name,
            Version = version,
            Tasks = tasks,
            Files = new Dictionary<string, string> { ["workflow.yaml"] = version },
        };
    }

    /// <summary>Another version of the same.</summary>
    public static WorkflowDefinition Again(this WorkflowDefinition definition)
    {
        var version = Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N");
        return definition with { Version = version, Files = new Dictionary<string, string> { ["workflow.yaml"] = version } };
    }

    public static TaskDefinition Task(string name, params string[] after) => new() { Name = name, Kind = "fake", After = after, Settings = [] };

    public static TaskDefinition Task(string name, JsonObject settings) => new() { Name = name, Kind = "fake", Settings = settings };

    public static TaskDefinition[] Chain(int length) =>
        [.. Enumerable.Range(0, length).Select(i => i == 0 ? Task("t0") : Task($"t{i}", $"t{i - 1}"))];
}
