using System.Text.Json.Serialization;
using Pipeline.DeadLetters.Contracts;
using Pipeline.DeadLetters.Infrastructure.Http;

namespace Pipeline.DeadLetters;

/// <summary>Source-generated JSON of the module's routes: PascalCase, as everywhere in the API.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeadLetterPage))]
[JsonSerializable(typeof(DeadLetterSummary))]
[JsonSerializable(typeof(DeadLetterDetails))]
[JsonSerializable(typeof(ReplayReport))]
[JsonSerializable(typeof(DiscardReport))]
[JsonSerializable(typeof(ReplayBody))]
[JsonSerializable(typeof(DiscardBody))]
internal sealed partial class DeadLettersJsonContext : JsonSerializerContext;
