namespace Pipeline.Analytics.Contracts;

/// <summary>The answer to a question.</summary>
/// <typeparam name="T">A row.</typeparam>
/// <param name="Rows">The rows in the question's order; none where no order has landed yet.</param>
/// <param name="LakeVersion">The version of the table of orders that it was computed from; null where there is no table yet.</param>
public sealed record Answer<T>(IReadOnlyList<T> Rows, long? LakeVersion)
{
    /// <summary>When the table in the warehouse that this was read from was refreshed; null where the lake itself was asked.</summary>
    public DateTimeOffset? RefreshedAt { get; init; }

    /// <summary>What to pass as <c>after</c> for the next page; null where there is none.</summary>
    public string? Next { get; init; }
}
