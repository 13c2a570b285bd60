using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application.Time;

/// <summary>Which slots of a schedule become runs.</summary>
/// <param name="Runs">The slots to run, in order.</param>
/// <param name="ConsideredUntil">Slots up to here are decided on.</param>
/// <param name="More">Whether there are more slots to decide on at once, as a plan is bounded.</param>
internal sealed record SlotPlan(IReadOnlyList<DateTimeOffset> Runs, DateTimeOffset ConsideredUntil, bool More)
{
    /// <summary>A slot that is looked at so soon after it was due is not missed: nobody was away.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>Runs that one plan makes at most.</summary>
    public const int MaxRuns = 500;

    /// <summary>Decides.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="state">What was decided before.</param>
    /// <param name="now">The time.</param>
    /// <param name="schedules">Gives the slots.</param>
    public static SlotPlan Decide(Schedule schedule, SlotState state, DateTimeOffset now, ISchedules schedules)
    {
        // Slots of another schedule were counted until now; the new one counts from now on.
        if (state.Schedule is not null && state.Schedule != KeyOf(schedule))
            return new SlotPlan([], now, false);

        var isNew = state.ConsideredUntil is null;
        var from = state.ConsideredUntil ?? (schedule is { Catchup: true, Start: { } first } ? first : now);

        // The slot at the very start counts too.
        if (schedule.Start is { } start && start.AddTicks(-1) is var before && (before > from || (isNew && schedule.Catchup)))
            from = before;
        if (state.Paused)
            return new SlotPlan([], from, false);

        var catchingUp = schedule.Catchup && (isNew || state.CatchingUp || state.Resumed);
        var runs = new List<DateTimeOffset>();
        DateTimeOffset? lastMissed = null;
        for (var slot = schedules.Next(schedule, from); slot is { } due && due <= now; slot = schedules.Next(schedule, due))
        {
            if (catchingUp || schedule.OnMissed == OnMissed.All || (!state.Resumed && due > now - Grace))
                runs.Add(due);
            else
                lastMissed = due;
            if (runs.Count == MaxRuns)
                return new SlotPlan(runs, due, true) { CatchingUp = catchingUp };
        }

        if (runs.Count == 0 && lastMissed is { } last && schedule.OnMissed == OnMissed.Last)
            runs.Add(last);
        return new SlotPlan(runs, from > now ? from : now, false);
    }

    /// <summary>By what two schedules are told apart.</summary>
    public static string KeyOf(Schedule schedule) => $"{schedule.Cron} {schedule.TimeZone}";

    /// <summary>Whether the next plan goes on with a catch-up.</summary>
    public bool CatchingUp { get; init; }
}

/// <summary>What is known of a workflow's slots.</summary>
/// <param name="Paused">Whether the schedule is paused.</param>
/// <param name="Schedule">By which schedule slots were considered; null where none was.</param>
/// <param name="ConsideredUntil">Slots up to here were decided on.</param>
/// <param name="CatchingUp">Whether the slots since are those of a catch-up that is not at its end.</param>
/// <param name="Resumed">Whether the slots since passed while the schedule was paused, which ends now.</param>
internal sealed record SlotState(bool Paused, string? Schedule, DateTimeOffset? ConsideredUntil, bool CatchingUp = false, bool Resumed = false);
