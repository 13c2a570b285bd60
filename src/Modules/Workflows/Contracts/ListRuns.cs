using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Asks for runs, the newest first.</summary>
/// <param name="Workflow">Only of this workflow; of all where null.</param>
/// <param name="State">Only in this state.</param>
/// <param name="Backfill">Only of this backfill.</param>
/// <param name="Limit">The most runs of the page, 1 to 1000.</param>
/// <param name="Before">Only runs with lower numbers, for the next page.</param>
public sealed record ListRuns(string? Workflow = null, RunState? State = null, long? Backfill = null, int Limit = 50, long? Before = null)
    : IRequest<Outcome<RunsPage>>;

/// <summary>Some runs.</summary>
/// <param name="Runs">The runs, the newest first.</param>
/// <param name="Next">What to ask for the next page with, as <see cref="ListRuns.Before"/>; null where there is none.</param>
public sealed record RunsPage(IReadOnlyList<RunSummary> Runs, long? Next);

/// <summary>A run in a list.</summary>
public sealed record RunSummary
{
    /// <summary>Its number; later runs have greater ones.</summary>
    public required long Id { get; init; }

    /// <summary>The workflow.</summary>
    public required string Workflow { get; init; }

    /// <summary>The version of the definition that it started with and keeps.</summary>
    public required string Version { get; init; }

    /// <summary>What made it.</summary>
    public required RunTrigger Trigger { get; init; }

    /// <summary>The slot or moment that it is for.</summary>
    public required DateTimeOffset LogicalDate { get; init; }

    /// <summary>How far it is.</summary>
    public required RunState State { get; init; }

    /// <summary>Whether it was told to stop and waits for tasks to do so.</summary>
    public bool Stopping { get; init; }

    /// <summary>1, and one more each time it was run again from the failed task.</summary>
    public int Attempt { get; init; }

    /// <summary>How many of its tasks are in which state.</summary>
    public required IReadOnlyDictionary<string, int> Tasks { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its turn came.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it did not end well.</summary>
    public string? Error { get; init; }

    /// <summary>The backfill that it is of.</summary>
    public long? Backfill { get; init; }
}
