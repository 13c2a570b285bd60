using FsCheck;
using FsCheck.Fluent;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Time;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Engine;

/// <summary>What becomes of slots, for every way in which they can pass, against a reference that looks at each slot by itself.</summary>
public sealed class SlotPlanTests
{
    private static readonly DateTimeOffset _zero = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<Case> _cases =
        from minutes in Gen.Choose(-30, 5).ListOf()
        from seconds in Gen.Choose(0, 59).ListOf(minutes.Count)
        from flags in Gen.Choose(0, 255)
        from onMissed in Gen.Elements(OnMissed.None, OnMissed.Last, OnMissed.All)
        from considered in Gen.Choose(-40, 0)
        from start in Gen.Choose(-40, 10)
        select new Case(
            [.. minutes.Zip(seconds, (m, s) => _zero.AddMinutes(m).AddSeconds(s)).Distinct().Order()],
            onMissed,
            Catchup: (flags & 1) == 1,
            Start: (flags & 2) == 2 ? _zero.AddMinutes(start) : null,
            Considered: (flags & 4) == 4 ? _zero.AddMinutes(considered) : null,
            Paused: (flags & 24) == 24,
            Resumed: (flags & 32) == 32,
            OtherSchedule: (flags & 192) == 192);

    [Fact]
    public void Decide_AnyState_RunsWhatTheReferenceRuns() =>
        Prop.ForAll(_cases.ToArbitrary(), Agrees).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    [Fact]
    public void Decide_MoreSlotsThanAPlanHolds_GoesOnWhereItEnded()
    {
        var schedule = new Schedule("x", Catchup: true, OnMissed: OnMissed.None) { Start = _zero };
        var schedules = new FixedSlots([.. Enumerable.Range(0, 1_200).Select(i => _zero.AddMinutes(i))]);
        var now = _zero.AddDays(1);
        var state = new SlotState(false, null, null);
        var runs = new List<DateTimeOffset>();
        SlotPlan plan;
        do
        {
            plan = SlotPlan.Decide(schedule, state, now, schedules);
            runs.AddRange(plan.Runs);
            state = new SlotState(false, SlotPlan.KeyOf(schedule), plan.ConsideredUntil, plan.CatchingUp);
        }
        while (plan.More);

        Assert.Equal(schedules.Slots, runs);
    }

    private static bool Agrees(Case c)
    {
        var schedule = new Schedule("x", "UTC", c.Catchup, c.OnMissed) { Start = c.Start };
        var key = c.Considered is null ? null : c.OtherSchedule ? "other" : SlotPlan.KeyOf(schedule);
        var plan = SlotPlan.Decide(schedule, new SlotState(c.Paused, key, c.Considered, false, c.Resumed), _zero, new FixedSlots(c.Slots));
        var expected = Reference(c);
        Assert.Equal(expected, plan.Runs);
        Assert.False(plan.More);

        // Nothing is decided on twice, and nothing that passed is left undecided.
        if (!c.Paused)
            Assert.True(plan.ConsideredUntil >= _zero);
        return true;
    }

    private static List<DateTimeOffset> Reference(Case c)
    {
        var isNew = c.Considered is null;
        if (c.Paused || (!isNew && c.OtherSchedule) || (isNew && !(c.Catchup && c.Start is not null)))
            return [];
        var due = c.Slots.Where(s => s <= _zero && (isNew || s > c.Considered) && !(s < c.Start)).ToList();
        var missed = due.Where(s => c.Resumed || s <= _zero.AddMinutes(-1)).ToList();
        if (c.OnMissed == OnMissed.All || (c.Catchup && (isNew || c.Resumed)))
            return due;
        var onTime = due.Except(missed).ToList();
        return c.OnMissed == OnMissed.Last && onTime.Count == 0 ? [.. missed.TakeLast(1)] : onTime;
    }

    private sealed record Case(
        DateTimeOffset[] Slots, OnMissed OnMissed, bool Catchup, DateTimeOffset? Start, DateTimeOffset? Considered, bool Paused, bool Resumed, bool OtherSchedule);

    private sealed class FixedSlots(DateTimeOffset[] slots) : ISchedules
    {
        public DateTimeOffset[] Slots => slots;

        public string? Check(Schedule schedule) => null;

        public DateTimeOffset? Next(Schedule schedule, DateTimeOffset after)
        {
            var index = Array.BinarySearch(slots, after);
            index = index < 0 ? ~index : index + 1;
            return index < slots.Length ? slots[index] : null;
        }
    }
}
