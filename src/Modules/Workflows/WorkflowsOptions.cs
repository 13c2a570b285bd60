namespace Pipeline.Workflows;

/// <summary>How workflows run. Bound from the section <c>Workflows</c>.</summary>
public sealed class WorkflowsOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Workflows";

    /// <summary>The folder with one folder per workflow. Relative to the working folder. Where it does not exist there are no workflows.</summary>
    public string Folder { get; set; } = "workflows";

    /// <summary>How many tasks this process runs at once, over all runs, 1 to 256.</summary>
    public int MaxParallelTasks { get; set; } = 8;

    /// <summary>How long a worker that was not heard of keeps its tasks; then another one runs them again. 2 s to 10 min.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long ended runs are kept, with their logs and staged files; zero keeps them for ever.</summary>
    public TimeSpan RunRetention { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Memory of the SQL engine that all tasks of this process share, in bytes. At least 64 MiB.</summary>
    public long EngineMemoryBytes { get; set; } = 144L << 20;

    /// <summary>Threads of that engine, 1 to 256; 0 takes the machine's cores.</summary>
    public int EngineThreads { get; set; }

    /// <summary>The longest time that a source may be silent: between two bytes of an HTTP answer, for one row of a query. 1 s to 1 h.</summary>
    public TimeSpan SourceTimeout { get; set; } = TimeSpan.FromMinutes(1);
}
