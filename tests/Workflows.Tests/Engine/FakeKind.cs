using System.Collections.Concurrent;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests.Engine;

/// <summary>A kind whose work a test says, and which keeps what it was asked to do.</summary>
internal sealed class FakeKind : ITaskKind
{
    public string Name => "fake";

    public ConcurrentQueue<TaskContext> Calls { get; } = new();

    public Func<TaskContext, CancellationToken, Task<TaskResult>> Work { get; set; } = (_, _) => Task.FromResult(new TaskResult());

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task) => [];

    public Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        Calls.Enqueue(context);
        return Work(context, cancellationToken);
    }
}
