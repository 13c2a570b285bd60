namespace Pipeline.Analytics.Domain;

/// <summary>What the table <c>repeat_purchases</c> holds.</summary>
internal sealed record RefreshState(LakePosition Position, DateTimeOffset RefreshedAt, long Rows);
