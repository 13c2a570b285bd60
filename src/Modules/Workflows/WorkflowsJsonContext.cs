using System.Text.Json.Serialization;
using Pipeline.Workflows.Contracts;
using Pipeline.Workflows.Infrastructure.Http;

namespace Pipeline.Workflows;

/// <summary>Source-generated JSON of the module's routes: PascalCase, as everywhere in the API.</summary>
[JsonSerializable(typeof(IReadOnlyList<WorkflowSummary>))]
[JsonSerializable(typeof(WorkflowDetails))]
[JsonSerializable(typeof(RunSummary))]
[JsonSerializable(typeof(RunsPage))]
[JsonSerializable(typeof(IReadOnlyList<RunSummary>))]
[JsonSerializable(typeof(RunDetails))]
[JsonSerializable(typeof(IReadOnlyList<RunLogLine>))]
[JsonSerializable(typeof(TaskRows))]
[JsonSerializable(typeof(BackfillDetails))]
[JsonSerializable(typeof(StartRunBody))]
[JsonSerializable(typeof(StartBackfillBody))]
internal sealed partial class WorkflowsJsonContext : JsonSerializerContext;
