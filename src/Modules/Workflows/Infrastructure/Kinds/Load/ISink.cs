using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load;

/// <summary>
/// A kind of target outside the lake. One folder each; every one passes the conformance suite <c>SinkSuite</c> in <c>tests/Workflows.Tests</c>.
/// </summary>
/// <remarks>
/// The target gets all rows or none, and gets them once however often the task is tried: where an earlier try succeeded, the next does nothing or the same
/// again. Rows are streamed; memory is bounded.
/// </remarks>
internal interface ISink
{
    /// <summary>The key of the sink's settings, such as <c>postgres</c>.</summary>
    string Name { get; }

    /// <summary>What is wrong with the settings, templates not yet filled in; fields are below the sink's settings.</summary>
    IEnumerable<TaskFault> Check(KindSettings settings);

    /// <summary>Writes the rows.</summary>
    /// <exception cref="TransientException">The target may take them later.</exception>
    /// <exception cref="TerminalException">The rows do not fit, or the settings are wrong.</exception>
    Task<TaskResult> WriteAsync(SinkRequest request, CancellationToken cancellationToken);
}

/// <summary>What a sink is asked for.</summary>
/// <param name="Settings">The sink's settings.</param>
/// <param name="Query">The rows.</param>
/// <param name="Context">The task.</param>
/// <param name="Session">What selects the rows.</param>
internal sealed record SinkRequest(KindSettings Settings, SqlQuery Query, TaskContext Context, SqlSession Session);
