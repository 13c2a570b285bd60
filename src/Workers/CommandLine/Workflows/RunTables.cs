using System.Globalization;
using Pipeline.Workflows.Contracts;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine.Workflows;

/// <summary>Runs in words and tables.</summary>
internal static class RunTables
{
    public static string Word(RunState state) => state == RunState.TimedOut ? "timed out" : state.ToString().ToLowerInvariant();

    public static string Word(TaskState state) => state == TaskState.UpstreamFailed ? "not reached" : state.ToString().ToLowerInvariant();

    /// <summary>A run in a sentence.</summary>
    public static string Sentence(RunSummary run)
    {
        var text = $"Run {Number(run.Id)} of {run.Workflow}, for {Grids.Moment(run.LogicalDate)}: {Word(run.State)}";
        if (Length(run.StartedAt, run.EndedAt) is { Length: > 0 } length)
            text += $" in {length}";
        return run.Error is null ? text + "." : $"{text}. {run.Error}";
    }

    public static Table Runs(IEnumerable<RunSummary> runs)
    {
        var grid = Grids.Create("run", "for", "by", "state", "started", "took", "tasks");
        foreach (var run in runs)
        {
            var tasks = string.Join(", ", run.Tasks.Select(t => $"{Number(t.Value)} {t.Key.Replace('_', ' ')}"));
            grid.AddRow(Grids.Cells(
                Number(run.Id), Grids.Moment(run.LogicalDate), run.Trigger.ToString().ToLowerInvariant(), run.Stopping ? "stopping" : Word(run.State), Grids.Moment(run.StartedAt),
                Length(run.StartedAt, run.EndedAt), tasks));
        }

        return grid;
    }

    public static Table Tasks(RunDetails run)
    {
        var grid = Grids.Create("task", "state", "tries", "took", "rows", "size", "result");
        foreach (var task in run.Tasks)
        {
            var result = task.Error ?? task.Output ?? "";
            grid.AddRow(Grids.Cells(
                task.Name, Word(task.State), task.Try == 0 ? "" : Number(task.Try), Length(task.StartedAt, task.EndedAt), task.RowsWritten == 0 ? "" : Number(task.RowsWritten),
                task.BytesWritten == 0 ? "" : Grids.Size(task.BytesWritten), result));
        }

        return grid;
    }

    /// <summary>A line of a log.</summary>
    public static string Line(RunLogLine line) =>
        string.Create(CultureInfo.InvariantCulture, $"{line.At.UtcDateTime:HH:mm:ss.fff} {line.Task}{(line.Try > 1 ? $" (try {line.Try})" : "")}: {(line.Warning ? "warning: " : "")}{line.Text}");

    /// <summary>How far a run is, for a line of state.</summary>
    public static string Progress(RunDetails? run)
    {
        if (run is null)
            return "Starting";
        var done = run.Tasks.Count(t => t.EndedAt is not null);
        var now = run.Tasks.Where(t => t.State == TaskState.Running).Select(t => t.RowsWritten > 0 ? $"{t.Name} ({Number(t.RowsWritten)} rows)" : t.Name).ToList();
        var waits = run.Run.State == RunState.Queued ? ", waits for earlier runs" : now.Count > 0 ? ": " + string.Join(", ", now) : "";
        return string.Create(CultureInfo.InvariantCulture, $"{done} of {run.Tasks.Count} tasks{waits}");
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Length(DateTimeOffset? from, DateTimeOffset? to)
    {
        if (from is not { } start || to is not { } end)
            return "";
        var length = end - start;
        return length.TotalSeconds < 60
            ? string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:0.00} s")
            : length.ToString(length.TotalDays >= 1 ? @"d\.hh\:mm\:ss" : @"hh\:mm\:ss", CultureInfo.InvariantCulture);
    }
}
