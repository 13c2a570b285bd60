using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Asks for all workflows, by name, those with faults too.</summary>
public sealed record ListWorkflows : IRequest<IReadOnlyList<WorkflowSummary>>;

/// <summary>A workflow in a list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Version">The version of its definition; null where that has faults.</param>
/// <param name="Schedule">When it runs by itself; null only by hand.</param>
/// <param name="Paused">Whether its schedule is paused.</param>
/// <param name="NextSlot">The next slot of its schedule; null where there is none or the schedule is paused.</param>
/// <param name="LastRun">Its newest run; null where there was none.</param>
/// <param name="Faults">What is wrong with its files; empty where nothing is.</param>
public sealed record WorkflowSummary(
    string Name,
    string Description,
    string? Version,
    ScheduleInfo? Schedule,
    bool Paused,
    DateTimeOffset? NextSlot,
    RunSummary? LastRun,
    IReadOnlyList<string> Faults);

/// <summary>When a workflow runs by itself.</summary>
/// <param name="Cron">Five fields, or six with seconds first.</param>
/// <param name="TimeZone">The zone of the fields.</param>
/// <param name="Catchup">Whether slots before the first look, or of a pause, run too.</param>
/// <param name="OnMissed">What becomes of slots that passed while nothing ran: <c>none</c>, <c>last</c>, <c>all</c>.</param>
public sealed record ScheduleInfo(string Cron, string TimeZone, bool Catchup, string OnMissed);
