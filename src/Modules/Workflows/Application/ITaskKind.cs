using System.Text.Json.Nodes;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application;

/// <summary>
/// What a task of one kind does. One instance serves all runs, many at once. A task may be run again after a try that died at any line: the kind sees to it that the outputs
/// are there once, whole, and not at all where it failed.
/// </summary>
internal interface ITaskKind
{
    /// <summary>The key of the task's settings in the file, such as <c>extract</c>.</summary>
    string Name { get; }

    /// <summary>
    /// What is wrong with the settings beyond what the schema says, such as a SQL file that is not there. Called when a workflow is loaded; does no I/O but on the
    /// definition's own files.
    /// </summary>
    IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task);

    /// <summary>Does the work.</summary>
    /// <exception cref="TransientException">It may work if it is tried again.</exception>
    /// <exception cref="TerminalException">It will not; the message says what, where and what to do.</exception>
    Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken);
}

/// <summary>Something wrong with a task's settings.</summary>
/// <param name="Field">The path below the kind's settings, such as <c>source.file.format</c>; empty is the settings as a whole.</param>
/// <param name="Message">What is wrong, as a sentence.</param>
internal sealed record TaskFault(string Field, string Message);

/// <summary>What a try of a task works with.</summary>
internal sealed record TaskContext
{
    /// <summary>The run; later runs have greater numbers.</summary>
    public required long RunId { get; init; }

    /// <summary>Which try of the task this is, from 1 on, over all workers; no two tries of a task have one number.</summary>
    public required int Try { get; init; }

    /// <summary>The slot of the schedule that the run is for, or when it was started by hand. UTC.</summary>
    public required DateTimeOffset LogicalDate { get; init; }

    /// <summary>The definition that the run started with.</summary>
    public required WorkflowDefinition Workflow { get; init; }

    /// <summary>The task.</summary>
    public required TaskDefinition Task { get; init; }

    /// <summary>The task's settings with all templates filled in. May hold secrets.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>The run's parameters, all of them, by name.</summary>
    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    /// <summary>What the earlier tasks of the run left, by the task's name. Tasks that leave nothing are not here.</summary>
    public required IReadOnlyDictionary<string, TaskOutput> Inputs { get; init; }

    /// <summary>Where this task was when it last ended well in any run (<see cref="TaskResult.Cursor"/>); null at first.</summary>
    public JsonNode? Cursor { get; init; }

    /// <summary>The workflow's folder, absolute; relative paths of settings start here.</summary>
    public required string Folder { get; init; }

    /// <summary>What the user reads of this try.</summary>
    public required ITaskLog Log { get; init; }

    /// <summary>
    /// One name for the effect of this task in this run, the same in each try: for fences such as a Delta <c>txn</c>. The slot is part of it, since targets outlive a database of
    /// runs, whose numbers may start again.
    /// </summary>
    public string EffectId => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"workflows/{Workflow.Name}/{Task.Name}/{RunId}@{LogicalDate.UtcDateTime:yyyyMMdd'T'HHmmss.FFFFFFF}");
}

/// <summary>The log of a try. Secrets that templates brought in are blackened, whoever writes.</summary>
internal interface ITaskLog
{
    /// <summary>Writes a line.</summary>
    void Info(string message);

    /// <summary>Writes a line that someone should look at though the work goes on.</summary>
    void Warning(string message);

    /// <summary>Tells how far the work is; may be called often.</summary>
    void Progress(long rows, long bytes);
}

/// <summary>What a try did. It counts once the engine has recorded it: what a try staged and nobody recorded is as if it never was.</summary>
internal sealed record TaskResult
{
    /// <summary>Rows that came in.</summary>
    public long RowsRead { get; init; }

    /// <summary>Rows that the outputs got.</summary>
    public long RowsWritten { get; init; }

    /// <summary>The size of what was written, in bytes; 0 where the target does not tell.</summary>
    public long BytesWritten { get; init; }

    /// <summary>What later tasks can read; null for none.</summary>
    public TaskOutput? Output { get; init; }

    /// <summary>Where the next run of this task goes on; null leaves what was there. Recorded in one transaction with the task's success.</summary>
    public JsonNode? Cursor { get; init; }
}

/// <summary>What a task left for later ones.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Paths">
/// <see cref="OutputKind.Files"/>: the paths of Parquet objects in the lake. <see cref="OutputKind.Table"/>: the one path of a Delta table in the lake.
/// <see cref="OutputKind.Postgres"/>: the one table, as schema.table. <see cref="OutputKind.Directory"/>: the one absolute folder.
/// <see cref="OutputKind.Objects"/>: the paths of the objects.
/// </param>
/// <param name="Version">The version of a Delta table that holds what the task wrote; null for the others.</param>
internal sealed record TaskOutput(OutputKind Kind, IReadOnlyList<string> Paths, long? Version = null);

/// <summary>What an output is.</summary>
internal enum OutputKind
{
    /// <summary>Parquet objects in the lake that belong to the run.</summary>
    Files,

    /// <summary>A Delta table in the lake.</summary>
    Table,

    /// <summary>A table in PostgreSQL.</summary>
    Postgres,

    /// <summary>A folder outside the lake.</summary>
    Directory,

    /// <summary>Objects in the lake under names of the user's choice, in a format that later tasks do not read by the task's name.</summary>
    Objects,
}
