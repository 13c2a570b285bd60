using Microsoft.Extensions.Logging;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application.Time;

/// <summary>Makes the runs of slots that are due. It may be called at any time and from any number of workers: a slot becomes one run.</summary>
internal sealed class SlotPlanner(
    IWorkflowCatalog catalog, IRunStore runs, IPlanStore plans, ISchedules schedules, TimeProvider time, ILogger<SlotPlanner> logger)
{
    /// <summary>Looks at a workflow.</summary>
    /// <param name="workflow">Its name; one that is not there, is faulty or has no schedule is passed over.</param>
    /// <param name="slot">A slot that is due though the clock may not quite say so.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>The runs that were made.</returns>
    public Task<IReadOnlyList<long>> PlanAsync(string workflow, DateTimeOffset? slot, CancellationToken cancellationToken) =>
        PlanAsync(workflow, slot, null, cancellationToken);

    /// <summary>Makes the runs of the slots until now, then none until <see cref="ResumeAsync"/>.</summary>
    public Task<IReadOnlyList<long>> PauseAsync(string workflow, CancellationToken cancellationToken) => PlanAsync(workflow, null, true, cancellationToken);

    /// <summary>Goes on. The slots that passed meanwhile are missed, or caught up with.</summary>
    public Task<IReadOnlyList<long>> ResumeAsync(string workflow, CancellationToken cancellationToken) => PlanAsync(workflow, null, false, cancellationToken);

    private async Task<IReadOnlyList<long>> PlanAsync(string workflow, DateTimeOffset? slot, bool? pause, CancellationToken cancellationToken)
    {
        var definition = catalog.Find(workflow)?.Definition;
        if (definition?.Schedule is not { } schedule)
        {
            if (pause is not null)
                await plans.PlanAsync(workflow, null, pause, cancellationToken);
            return [];
        }

        await runs.KeepAsync(definition, cancellationToken);
        var made = new List<long>();
        while (true)
        {
            var now = time.GetUtcNow();
            if (slot > now)
                now = slot.Value;
            var planning = new Planning(definition.Version, SlotPlan.KeyOf(schedule), Defaults(definition), Decide);
            var (plan, added) = await plans.PlanAsync(workflow, planning, pause, cancellationToken);
            made.AddRange(added);
            if (plan is not { More: true })
                break;
            pause = pause == false ? null : pause;

            SlotPlan Decide(SlotState state) =>
                SlotPlan.Decide(schedule, pause == false ? state with { Paused = false, Resumed = state.Paused } : state, now, schedules);
        }

        if (made.Count > 0)
            Log.SlotsPlanned(logger, workflow, made.Count, made[0]);
        return made;
    }

    private static Dictionary<string, string> Defaults(WorkflowDefinition definition) =>
        definition.Parameters.Where(p => p.Value.Default is not null).ToDictionary(p => p.Key, p => p.Value.Default!, StringComparer.Ordinal);
}
