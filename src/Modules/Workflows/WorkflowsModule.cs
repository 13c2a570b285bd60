using System.Reflection;

namespace Pipeline.Workflows;

/// <summary>Graphs of tasks, declared in YAML, that extract, transform and load on a schedule.</summary>
public static class WorkflowsModule
{
    /// <summary>The assembly whose handlers and validators the host registers.</summary>
    public static Assembly Assembly => typeof(WorkflowsModule).Assembly;
}
