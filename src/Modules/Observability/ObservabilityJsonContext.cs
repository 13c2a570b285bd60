using System.Text.Json.Serialization;
using Pipeline.Observability.Contracts;

namespace Pipeline.Observability;

/// <summary>Source-generated JSON of the module: PascalCase, as everywhere in the API.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<TraceSummary>))]
[JsonSerializable(typeof(TraceView))]
[JsonSerializable(typeof(LogPage))]
[JsonSerializable(typeof(LiveFigures))]
internal sealed partial class ObservabilityJsonContext : JsonSerializerContext;
