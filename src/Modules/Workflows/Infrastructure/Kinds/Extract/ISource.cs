using System.Text.Json.Nodes;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract;

/// <summary>A kind of source. One folder each; every one passes the conformance suite <c>SourceSuite</c> in <c>tests/Workflows.Tests</c>.</summary>
/// <remarks>
/// Rows reach DuckDB by way of local files: what waits for the world outside does so asynchronously and holds no thread of the engine that other tasks share.
/// Memory is bounded whatever the size of the source.
/// </remarks>
internal interface ISource
{
    /// <summary>The key of the source's settings, such as <c>file</c>.</summary>
    string Name { get; }

    /// <summary>What is wrong with the settings, templates not yet filled in; fields are below the source's settings.</summary>
    IEnumerable<TaskFault> Check(WorkflowDefinition workflow, KindSettings settings);

    /// <summary>Gets the rows to where the session can select them.</summary>
    /// <exception cref="TransientException">The source may answer later.</exception>
    /// <exception cref="TerminalException">The source is not there or malformed; the message names it, and the place in it.</exception>
    Task<SourceRows> OpenAsync(SourceRequest request, CancellationToken cancellationToken);
}

/// <summary>What a source is asked for.</summary>
/// <param name="Settings">The source's settings.</param>
/// <param name="Columns">The types that are declared, by column, in order; others are inferred from all rows.</param>
/// <param name="Context">The task.</param>
/// <param name="Session">Where the rows go; files that it gives are removed with it.</param>
internal sealed record SourceRequest(KindSettings Settings, IReadOnlyList<KeyValuePair<string, string>> Columns, TaskContext Context, SqlSession Session);

/// <summary>Rows of a source.</summary>
/// <param name="Query">The rows, of the types declared, or inferred from all of them.</param>
/// <param name="Cursor">Where the next run goes on; null leaves what was there.</param>
internal sealed record SourceRows(SqlQuery Query, JsonNode? Cursor = null);
