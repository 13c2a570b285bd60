namespace Pipeline.Workflows.Application.Time;

/// <summary>Which slots were decided on. Of several workers that plan a workflow, one does at a time.</summary>
internal interface IPlanStore
{
    /// <summary>Decides on slots and makes their runs: one transaction.</summary>
    /// <param name="workflow">The workflow.</param>
    /// <param name="planning">How slots are decided on; null only changes whether the schedule is paused.</param>
    /// <param name="pause">Whether the schedule is paused from now on, after the decision; null leaves it.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>What was decided, and the runs that were made.</returns>
    Task<(SlotPlan? Plan, IReadOnlyList<long> Runs)> PlanAsync(
        string workflow, Planning? planning, bool? pause, CancellationToken cancellationToken);
}

/// <summary>How slots are decided on, and what their runs are like.</summary>
/// <param name="Version">The version of the definition.</param>
/// <param name="Schedule">By which schedule slots are counted, as <see cref="SlotPlan.KeyOf"/>.</param>
/// <param name="Parameters">The parameters.</param>
/// <param name="Decide">Decides.</param>
internal sealed record Planning(string Version, string Schedule, IReadOnlyDictionary<string, string> Parameters, Func<SlotState, SlotPlan> Decide);
