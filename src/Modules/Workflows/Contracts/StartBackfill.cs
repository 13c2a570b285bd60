using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Makes a run for each slot of a workflow's schedule in a range that has none yet.</summary>
/// <param name="Workflow">The workflow.</param>
/// <param name="From">The first moment of the range.</param>
/// <param name="To">The last moment of the range.</param>
/// <param name="Concurrency">How many of these runs may go at once, up to what the workflow allows.</param>
/// <param name="Params">The parameters of the runs; those left out take their defaults.</param>
public sealed record StartBackfill(
    string Workflow, DateTimeOffset From, DateTimeOffset To, int Concurrency = 1, IReadOnlyDictionary<string, string>? Params = null)
        : IRequest<Outcome<BackfillDetails>>;

/// <summary>A backfill.</summary>
public sealed record BackfillDetails
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>The workflow.</summary>
    public required string Workflow { get; init; }

    /// <summary>The first moment of the range.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>The last moment of the range.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>How many of its runs may go at once.</summary>
    public required int Concurrency { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was cancelled.</summary>
    public DateTimeOffset? CancelledAt { get; init; }

    /// <summary>How many of its runs are in which state.</summary>
    public required IReadOnlyDictionary<string, int> Runs { get; init; }
}
