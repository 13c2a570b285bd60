using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>
/// Asks for lines of a run's log, in the order in which they were written. Asked again with the last line's number, it gives what came since.
/// </summary>
/// <param name="Id">The run.</param>
/// <param name="Task">Only of this task.</param>
/// <param name="Try">Only of this try.</param>
/// <param name="After">Only lines with greater numbers.</param>
/// <param name="Limit">The most lines, 1 to 10000.</param>
public sealed record GetRunLogs(long Id, string? Task = null, int? Try = null, long After = 0, int Limit = 1_000)
    : IRequest<Outcome<IReadOnlyList<RunLogLine>>>;

/// <summary>A line of a run's log.</summary>
/// <param name="Id">Its number; lines of a run have growing ones.</param>
/// <param name="Task">The task.</param>
/// <param name="Try">The try.</param>
/// <param name="At">When it was written.</param>
/// <param name="Warning">Whether someone should look at it.</param>
/// <param name="Text">The line.</param>
public sealed record RunLogLine(long Id, string Task, int Try, DateTimeOffset At, bool Warning, string Text);
