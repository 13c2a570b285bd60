namespace Pipeline.Events.Contracts;

/// <summary>When events are stored and counted.</summary>
public enum EventsMode
{
    /// <summary>As they come: rows, counts and position in one transaction.</summary>
    Continuous,

    /// <summary>All that waits at each <see cref="EventsOptions.Interval"/>: first rows and positions, then the counts.</summary>
    Scheduled,
}
