using MediatR;

namespace Pipeline.Analytics.Contracts;

/// <summary>
/// Brings the table <c>repeat_purchases</c> in the warehouse up to the newest version of the lake, in one transaction: readers see the old rows or
/// the new ones. Does nothing where it holds that version already.
/// </summary>
/// <param name="Wait">Whether to wait for a refresh that is under way, in whatever process; else the outcome is <see cref="RefreshOutcome.Busy"/>.</param>
public sealed record RefreshRepeatPurchases(bool Wait = true) : IRequest<RefreshResult>;

/// <summary>What a refresh did.</summary>
/// <param name="Outcome">What it did.</param>
/// <param name="LakeVersion">The version that the table holds now; null where there are no orders yet, and where the outcome is busy.</param>
/// <param name="RefreshedAt">Since when; null as the version.</param>
/// <param name="Rows">The table's rows.</param>
public sealed record RefreshResult(RefreshOutcome Outcome, long? LakeVersion, DateTimeOffset? RefreshedAt, long Rows);

/// <summary>What a refresh did.</summary>
public enum RefreshOutcome
{
    /// <summary>The table was rewritten.</summary>
    Refreshed,

    /// <summary>The table held the newest version already.</summary>
    Unchanged,

    /// <summary>Another refresh was under way.</summary>
    Busy,
}
