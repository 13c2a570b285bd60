namespace Pipeline.Workflows.Domain;

/// <summary>A workflow as its folder declares it: checked, complete, never changed. A run keeps the definition that it started with.</summary>
internal sealed record WorkflowDefinition
{
    /// <summary>The name, which is the folder's: <c>[a-z0-9-]</c>, 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public string Description { get; init; } = "";

    /// <summary>SHA-256 of all files of the definition, as 64 hexadecimal digits: another version is another definition.</summary>
    public required string Version { get; init; }

    /// <summary>When it runs by itself; null only by hand.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>How many runs may go at once; further ones wait.</summary>
    public int MaxActiveRuns { get; init; } = 1;

    /// <summary>How many tasks of one run may go at once.</summary>
    public int MaxParallelTasks { get; init; } = 4;

    /// <summary>How long a run may take.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What a run may be started with, by name.</summary>
    public IReadOnlyDictionary<string, Parameter> Parameters { get; init; } = new Dictionary<string, Parameter>();

    /// <summary>How often a task is tried again that does not say it itself.</summary>
    public RetryPolicy Retries { get; init; } = RetryPolicy.None;

    /// <summary>The tasks, each after those that it waits for.</summary>
    public required IReadOnlyList<TaskDefinition> Tasks { get; init; }

    /// <summary>
    /// The text files that make the definition, by their path in the workflow's folder with <c>/</c>: <c>workflow.yaml</c> and each SQL file. A run keeps these; data beside
    /// them is read as it is when a task runs.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Files { get; init; }
}

/// <summary>When a workflow runs by itself.</summary>
/// <param name="Cron">Five fields (minute to day of the week), or six with seconds first.</param>
/// <param name="TimeZone">The IANA name of the zone that the fields are of.</param>
/// <param name="Catchup">Whether the slots between the first and now run when a workflow is new or was paused.</param>
/// <param name="OnMissed">What becomes of slots that passed while nothing ran.</param>
internal sealed record Schedule(string Cron, string TimeZone = "UTC", bool Catchup = false, OnMissed OnMissed = OnMissed.Last)
{
    /// <summary>The moment from which on slots count, for <see cref="Catchup"/>; null is when the workflow was first seen.</summary>
    public DateTimeOffset? Start { get; init; }
}

/// <summary>What becomes of slots that passed while no worker was there.</summary>
internal enum OnMissed
{
    /// <summary>They are left out.</summary>
    None,

    /// <summary>The last of them runs.</summary>
    Last,

    /// <summary>Each of them runs.</summary>
    All,
}

/// <summary>A parameter of a workflow.</summary>
/// <param name="Default">The value where a run gives none, as text; null where a run must give one.</param>
/// <param name="Description">What it is.</param>
internal sealed record Parameter(string? Default, string Description = "");

/// <summary>How often, and how far apart, a task that failed for a reason that may pass is tried again.</summary>
/// <param name="Count">Tries after the first.</param>
/// <param name="Delay">The pause before the second try.</param>
/// <param name="Backoff">By what each further pause is longer; 1 keeps it.</param>
internal sealed record RetryPolicy(int Count, TimeSpan Delay, double Backoff = 1)
{
    /// <summary>One try.</summary>
    public static RetryPolicy None { get; } = new(0, TimeSpan.Zero);

    /// <summary>The pause before a try; the second is number 1.</summary>
    public TimeSpan DelayBefore(int retry) => Delay * Math.Pow(Backoff, retry - 1);
}
