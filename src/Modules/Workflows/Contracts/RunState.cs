using System.Text.Json.Serialization;

namespace Pipeline.Workflows.Contracts;

/// <summary>How far a run is.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<RunState>))]
public enum RunState
{
    /// <summary>It waits for earlier runs of the workflow.</summary>
    Queued,

    /// <summary>Its tasks run or wait.</summary>
    Running,

    /// <summary>All tasks ended well or were skipped.</summary>
    Succeeded,

    /// <summary>A task failed.</summary>
    Failed,

    /// <summary>Somebody ended it.</summary>
    Cancelled,

    /// <summary>It took longer than the workflow allows.</summary>
    TimedOut,
}
