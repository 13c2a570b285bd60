using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Workflows as requests answer them.</summary>
internal sealed class WorkflowViews(ISchedules schedules, TimeProvider time)
{
    private const int Slots = 5;

    public WorkflowSummary Summary(WorkflowEntry entry, WorkflowRecord? record)
    {
        var definition = entry.Definition;
        var paused = record?.Paused ?? false;
        return new WorkflowSummary(
            entry.Name, definition?.Description ?? "", definition?.Version, Of(definition?.Schedule), paused,
            NextSlots(definition, paused, 1) is [var next] ? next : null,
            record?.LastRun, Faults(entry));
    }

    public WorkflowDetails Details(WorkflowEntry entry, WorkflowRecord? record)
    {
        var definition = entry.Definition;
        var paused = record?.Paused ?? false;
        return new WorkflowDetails
        {
            Name = entry.Name,
            Description = definition?.Description ?? "",
            Version = definition?.Version,
            Schedule = Of(definition?.Schedule),
            Paused = paused,
            NextSlots = NextSlots(definition, paused, Slots),
            MaxActiveRuns = definition?.MaxActiveRuns,
            MaxParallelTasks = definition?.MaxParallelTasks,
            Timeout = definition?.Timeout,
            Params = [.. definition?.Parameters.Select(p => new ParameterInfo(p.Key, p.Value.Default, p.Value.Description)) ?? []],
            Tasks = [.. definition?.Tasks.Select(t => new TaskInfo(t.Name, t.Kind, t.After, t.When, (t.Retries ?? definition.Retries).Count, t.Timeout)) ?? []],
            LastRun = record?.LastRun,
            Faults = Faults(entry),
        };
    }

    private static ScheduleInfo? Of(Schedule? schedule) =>
        schedule is null ? null : new ScheduleInfo(schedule.Cron, schedule.TimeZone, schedule.Catchup, Names<OnMissed>.Of(schedule.OnMissed));

    private static string[] Faults(WorkflowEntry entry) => [.. entry.Faults.Select(f => f.ToString())];

    private List<DateTimeOffset> NextSlots(WorkflowDefinition? definition, bool paused, int count)
    {
        var slots = new List<DateTimeOffset>();
        if (definition?.Schedule is not { } schedule || paused)
            return slots;
        var after = time.GetUtcNow();
        if (schedule.Start?.AddTicks(-1) is { } before && before > after)
            after = before;
        while (slots.Count < count && schedules.Next(schedule, after) is { } slot)
        {
            slots.Add(slot);
            after = slot;
        }

        return slots;
    }
}
