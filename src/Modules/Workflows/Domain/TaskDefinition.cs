using System.Text.Json.Nodes;

namespace Pipeline.Workflows.Domain;

/// <summary>A task of a workflow.</summary>
internal sealed record TaskDefinition
{
    /// <summary>The name within the workflow: <c>[a-z0-9_]</c>, 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The kind: <c>extract</c>, <c>sql</c>, <c>load</c>, <c>check</c>, <c>operation</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The tasks that must have succeeded before.</summary>
    public IReadOnlyList<string> After { get; init; } = [];

    /// <summary>Its own retries; null takes the workflow's.</summary>
    public RetryPolicy? Retries { get; init; }

    /// <summary>How long one try may take.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>A condition in SQL over params and outputs; where it is false, the task is skipped. Null always runs.</summary>
    public string? When { get; init; }

    /// <summary>What the kind needs: the task's other members, as the kind's schema allows them. Not to be changed.</summary>
    public required JsonObject Settings { get; init; }
}
