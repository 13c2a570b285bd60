using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Asks for one workflow.</summary>
/// <param name="Name">Its name.</param>
public sealed record GetWorkflow(string Name) : IRequest<Outcome<WorkflowDetails>>;

/// <summary>A workflow as its files declare it now.</summary>
public sealed record WorkflowDetails
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public required string Description { get; init; }

    /// <summary>The version of its definition; null where that has faults.</summary>
    public string? Version { get; init; }

    /// <summary>When it runs by itself; null only by hand.</summary>
    public ScheduleInfo? Schedule { get; init; }

    /// <summary>Whether its schedule is paused.</summary>
    public bool Paused { get; init; }

    /// <summary>The next slots of its schedule.</summary>
    public IReadOnlyList<DateTimeOffset> NextSlots { get; init; } = [];

    /// <summary>How many runs may go at once.</summary>
    public int? MaxActiveRuns { get; init; }

    /// <summary>How many tasks of a run may go at once.</summary>
    public int? MaxParallelTasks { get; init; }

    /// <summary>How long a run may take.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What a run may be started with.</summary>
    public IReadOnlyList<ParameterInfo> Params { get; init; } = [];

    /// <summary>The tasks, each after those that it waits for.</summary>
    public IReadOnlyList<TaskInfo> Tasks { get; init; } = [];

    /// <summary>Its newest run; null where there was none.</summary>
    public RunSummary? LastRun { get; init; }

    /// <summary>What is wrong with its files, each with file, line and field; empty where nothing is.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];
}

/// <summary>A parameter of a workflow.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Default">Its value where a run gives none; null where a run must give one.</param>
/// <param name="Description">What it is.</param>
public sealed record ParameterInfo(string Name, string? Default, string Description);

/// <summary>A task of a workflow.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it does: <c>extract</c>, <c>sql</c>, <c>load</c>, <c>check</c>, <c>operation</c>.</param>
/// <param name="After">The tasks that it waits for.</param>
/// <param name="When">The condition under which it runs; null always.</param>
/// <param name="Retries">How often it is tried again for a reason that may pass.</param>
/// <param name="Timeout">How long a try may take.</param>
public sealed record TaskInfo(string Name, string Kind, IReadOnlyList<string> After, string? When, int Retries, TimeSpan? Timeout);
