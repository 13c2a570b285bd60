using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Query.Contracts;
using Pipeline.Query.Infrastructure.Http;

namespace Pipeline.Query;

/// <summary>Source-generated JSON of the module's routes: PascalCase, as everywhere in the API.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(SqlBody))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(IReadOnlyList<SqlColumn>))]
[JsonSerializable(typeof(SqlError))]
[JsonSerializable(typeof(SqlSchema))]
[JsonSerializable(typeof(IReadOnlyList<RunningSql>))]
[JsonSerializable(typeof(IReadOnlyList<NotebookSummary>))]
[JsonSerializable(typeof(Notebook))]
internal sealed partial class QueryJsonContext : JsonSerializerContext;
