using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Asks for a run with its tasks and their tries.</summary>
/// <param name="Id">Its number.</param>
public sealed record GetRun(long Id) : IRequest<Outcome<RunDetails>>;

/// <summary>A run.</summary>
/// <param name="Run">The run as in a list.</param>
/// <param name="Params">What it was started with.</param>
/// <param name="Tasks">Its tasks, each after those that it waits for.</param>
public sealed record RunDetails(RunSummary Run, IReadOnlyDictionary<string, string> Params, IReadOnlyList<RunTask> Tasks);

/// <summary>A task of a run.</summary>
public sealed record RunTask
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How far it is.</summary>
    public required TaskState State { get; init; }

    /// <summary>The tasks that wait for it.</summary>
    public required IReadOnlyList<string> Before { get; init; }

    /// <summary>The number of the newest try; 0 where none began.</summary>
    public int Try { get; init; }

    /// <summary>The worker that has it.</summary>
    public string? Worker { get; init; }

    /// <summary>When the next try is due, of one that is tried again.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>When the newest try began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Rows that came in.</summary>
    public long RowsRead { get; init; }

    /// <summary>Rows that were written, so far where it runs.</summary>
    public long RowsWritten { get; init; }

    /// <summary>Bytes that were written, so far where it runs.</summary>
    public long BytesWritten { get; init; }

    /// <summary>What it left, in words.</summary>
    public string? Output { get; init; }

    /// <summary>Why the newest try failed.</summary>
    public string? Error { get; init; }

    /// <summary>The tries that have ended.</summary>
    public required IReadOnlyList<RunTry> Tries { get; init; }
}

/// <summary>A try of a task that has ended.</summary>
/// <param name="Try">Its number, from 1 on.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Worker">The worker that had it.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Error">Why it failed.</param>
public sealed record RunTry(int Try, TryOutcome Outcome, string Worker, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string? Error);
