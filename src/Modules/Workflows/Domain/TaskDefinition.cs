using System.Text.Json.Nodes;

namespace Pipeline.Workflows.Domain;

/// <summary>A task of a workflow.</summary>
internal sealed record TaskDefinition
{
    /// <summary>The name within the workflow: <c>[a-z][a-z0-9_]*</c>, at most 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The kind, which is the key of its settings in the file: <c>extract</c>, <c>sql</c>, <c>load</c>, <c>check</c>, <c>operation</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The tasks that must have ended well before.</summary>
    public IReadOnlyList<string> After { get; init; } = [];

    /// <summary>Its own retries; null takes the workflow's.</summary>
    public RetryPolicy? Retries { get; init; }

    /// <summary>How long one try may take.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>A condition in SQL over the parameters, as <c>$name</c>; where it is not true, the task is skipped. Null always runs.</summary>
    public string? When { get; init; }

    /// <summary>What the kind needs, as its schema allows it, templates not yet filled in. Not to be changed.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>The line of the task in the workflow's file, from 1 on.</summary>
    public int Line { get; init; }
}
