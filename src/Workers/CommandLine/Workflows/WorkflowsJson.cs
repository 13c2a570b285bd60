using System.Text.Json.Serialization;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workers.CommandLine.Workflows;

/// <summary>What a run is started with.</summary>
internal sealed record StartBody(IReadOnlyDictionary<string, string> Params, string? LogicalDate);

/// <summary>What a backfill is asked for with.</summary>
internal sealed record BackfillBody(string From, string To, int Concurrency, IReadOnlyDictionary<string, string> Params);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<WorkflowSummary>))]
[JsonSerializable(typeof(List<RunSummary>))]
[JsonSerializable(typeof(List<RunLogLine>))]
[JsonSerializable(typeof(RunDetails))]
[JsonSerializable(typeof(BackfillDetails))]
[JsonSerializable(typeof(List<CheckedWorkflow>))]
[JsonSerializable(typeof(StartBody))]
[JsonSerializable(typeof(BackfillBody))]
internal sealed partial class WorkflowsJson : JsonSerializerContext;
