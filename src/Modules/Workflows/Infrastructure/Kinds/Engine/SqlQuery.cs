namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>Rows that a session can select.</summary>
/// <param name="Select">The SELECT, to be put in parentheses.</param>
/// <param name="Name">What messages call it.</param>
/// <param name="IsScript">Whether its lines are those of a text that the user wrote.</param>
internal sealed record SqlQuery(string Select, string Name, bool IsScript = false);
