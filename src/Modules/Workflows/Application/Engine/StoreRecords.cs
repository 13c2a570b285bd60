using System.Text.Json.Nodes;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>Runs to be made.</summary>
internal sealed record NewRuns
{
    public required string Workflow { get; init; }

    public required string Version { get; init; }

    public required RunTrigger Trigger { get; init; }

    /// <summary>One run each, in this order.</summary>
    public required IReadOnlyList<DateTimeOffset> LogicalDates { get; init; }

    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    public long? Backfill { get; init; }

    /// <summary>Slots of the schedule have one run at most.</summary>
    public bool AreSlots => Trigger != RunTrigger.Manual;
}

/// <summary>A try of a task, over all workers.</summary>
internal readonly record struct TryKey(long RunId, int Ordinal, int Try);

/// <summary>A task that this worker has from now on.</summary>
internal sealed record ClaimedTask
{
    public required TryKey Key { get; init; }

    public required string Name { get; init; }

    /// <summary>How many tries failed before for a reason that may pass.</summary>
    public required int Failures { get; init; }

    public required string Workflow { get; init; }

    public required string Version { get; init; }

    public required DateTimeOffset LogicalDate { get; init; }

    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    public string? TraceParent { get; init; }

    public JsonNode? Cursor { get; init; }

    /// <summary>What the tasks of the run have left so far.</summary>
    public required IReadOnlyDictionary<string, TaskOutput> Outputs { get; init; }
}

/// <summary>A line of the log of a try.</summary>
internal readonly record struct LogLine(DateTimeOffset At, bool Warning, string Text);

/// <summary>How a try ended.</summary>
internal sealed record FinishedTry
{
    public required TryKey Key { get; init; }

    public required string Owner { get; init; }

    public required TryOutcome Outcome { get; init; }

    /// <summary>Why it failed; without secrets.</summary>
    public string? Error { get; init; }

    /// <summary>The pause before the next try, of one that is tried again.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>What it did; null where it did not end well.</summary>
    public TaskResult? Result { get; init; }

    /// <summary>The output as people read it; without secrets.</summary>
    public string? OutputText { get; init; }

    /// <summary>The end of its log.</summary>
    public IReadOnlyList<LogLine> Log { get; init; } = [];
}

/// <summary>What came of a try's end.</summary>
/// <param name="Accepted">False where the task was not the worker's any more: nothing was recorded.</param>
/// <param name="Ready">How many tasks became ready.</param>
/// <param name="Ended">The run, where this was its end.</param>
/// <param name="Claimed">The tasks that the worker has now.</param>
internal sealed record FinishResult(bool Accepted, int Ready, EndedRun? Ended, IReadOnlyList<ClaimedTask> Claimed);

/// <summary>The end of a run.</summary>
internal sealed record EndedRun(long Id, string Workflow, RunState State, DateTimeOffset? StartedAt, string? TraceParent);

/// <summary>What a sweep did.</summary>
/// <param name="Lost">The tries whose workers were not heard of any more.</param>
/// <param name="Ended">The runs that ended by it.</param>
/// <param name="Due">How long until the next sweep has something to do, as far as is known now; null where nothing is.</param>
internal sealed record SweepResult(IReadOnlyList<TryKey> Lost, IReadOnlyList<EndedRun> Ended, TimeSpan? Due);

/// <summary>What came of the wish to stop a run.</summary>
/// <param name="Before">The state before; null where there is no such run. Nothing happened where it had ended.</param>
/// <param name="Ended">The run, where it has ended by now; otherwise it ends with the last of its tasks that run.</param>
internal sealed record StopResult(RunState? Before, EndedRun? Ended);
