using System.Text.Json.Serialization;

namespace Pipeline.Workflows.Contracts;

/// <summary>How far a task of a run is.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<TaskState>))]
public enum TaskState
{
    /// <summary>It waits for other tasks, or for its turn among those of the run.</summary>
    Waiting,

    /// <summary>The next free worker takes it.</summary>
    Ready,

    /// <summary>A worker has it.</summary>
    Running,

    /// <summary>A try failed for a reason that may pass; the next one comes after a pause.</summary>
    Retrying,

    /// <summary>It ended well.</summary>
    Succeeded,

    /// <summary>It failed for good.</summary>
    Failed,

    /// <summary>Its condition was not true.</summary>
    Skipped,

    /// <summary>It never began, as a task before it failed.</summary>
    UpstreamFailed,

    /// <summary>It was ended, or never begun, with the run.</summary>
    Cancelled,
}
