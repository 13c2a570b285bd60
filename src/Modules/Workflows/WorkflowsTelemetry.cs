using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows;

/// <summary>The spans and the meter of the module.</summary>
internal static class WorkflowsTelemetry
{
    public const string Name = "Pipeline.Workflows";

    private static readonly ActivitySource _source = new(Name);

    private static readonly Meter _meter = new(Name);

    private static readonly Counter<long> _runs = _meter.CreateCounter<long>("pipeline.workflows.runs", "{run}", "Runs that ended, by workflow and state.");

    private static readonly Histogram<double> _runDuration =
        _meter.CreateHistogram<double>("pipeline.workflows.run.duration", "s", "Time from the first task's turn to the end of a run, by workflow and state.");

    private static readonly Histogram<double> _tryDuration =
        _meter.CreateHistogram<double>("pipeline.workflows.task.duration", "s", "Duration of a try of a task, by workflow, task and outcome.");

    private static readonly UpDownCounter<long> _running =
        _meter.CreateUpDownCounter<long>("pipeline.workflows.tasks.running", "{task}", "Tasks that this process works on.");

    private static readonly Counter<long> _rowsRead =
        _meter.CreateCounter<long>("pipeline.workflows.rows.read", "{row}", "Rows that tasks took in, by workflow and task.");

    private static readonly Counter<long> _rowsWritten =
        _meter.CreateCounter<long>("pipeline.workflows.rows.written", "{row}", "Rows that tasks wrote, by workflow and task.");

    private static readonly Counter<long> _leasesLost =
        _meter.CreateCounter<long>("pipeline.workflows.leases.lost", "{task}", "Tasks taken from workers that were not heard of any more.");

    /// <summary>A child of what started the run.</summary>
    public static Activity? StartTry(ClaimedTask task)
    {
        _running.Add(1);
        if (!_source.HasListeners())
            return null;
        _ = ActivityContext.TryParse(task.TraceParent, null, isRemote: true, out var parent);
        var activity = _source.StartActivity($"task {task.Workflow}.{task.Name}", ActivityKind.Internal, parent);
        activity?.SetTag("workflow", task.Workflow).SetTag("task", task.Name).SetTag("run.id", task.Key.RunId).SetTag("try", task.Key.Try);
        return activity;
    }

    public static void TryEnded(Activity? activity, ClaimedTask task, TryOutcome outcome, string? error, TaskResult? result, TimeSpan duration)
    {
        _running.Add(-1);
        var workflow = new KeyValuePair<string, object?>("workflow", task.Workflow);
        var name = new KeyValuePair<string, object?>("task", task.Name);
        _tryDuration.Record(duration.TotalSeconds, workflow, name, new KeyValuePair<string, object?>("outcome", Names<TryOutcome>.Of(outcome)));
        activity?.SetTag("outcome", Names<TryOutcome>.Of(outcome));
        if (result is not null)
        {
            _rowsRead.Add(result.RowsRead, workflow, name);
            _rowsWritten.Add(result.RowsWritten, workflow, name);
            activity?.SetTag("rows.read", result.RowsRead).SetTag("rows.written", result.RowsWritten).SetTag("bytes.written", result.BytesWritten);
        }

        if (outcome is TryOutcome.Failed or TryOutcome.Retrying)
            activity?.SetStatus(ActivityStatusCode.Error, error);
    }

    /// <summary>The run as a span, from its beginning on whichever worker.</summary>
    public static void RunEnded(EndedRun run, DateTimeOffset now)
    {
        var workflow = new KeyValuePair<string, object?>("workflow", run.Workflow);
        var state = new KeyValuePair<string, object?>("state", Names<RunState>.Of(run.State));
        _runs.Add(1, workflow, state);
        if (run.StartedAt is not { } started)
            return;
        _runDuration.Record(Math.Max(0, (now - started).TotalSeconds), workflow, state);
        _ = ActivityContext.TryParse(run.TraceParent, null, isRemote: true, out var parent);
        using var activity = _source.StartActivity(
            ActivityKind.Internal, parent, [workflow, new("run.id", run.Id), state], startTime: started, name: $"run {run.Workflow}");
        if (run.State is not RunState.Succeeded)
            activity?.SetStatus(ActivityStatusCode.Error);
    }

    public static void LeasesLost(int count) => _leasesLost.Add(count);

    /// <summary>What the tasks of a run that starts now are children of.</summary>
    public static string? TraceParent => Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null;
}
