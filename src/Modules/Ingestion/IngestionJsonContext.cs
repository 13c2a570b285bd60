using System.Text.Json.Serialization;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion;

/// <summary>Source-generated JSON of the module's contracts: PascalCase, as the routes of the shops have it.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(UserEvent))]
[JsonSerializable(typeof(PurchasedOrder))]
[JsonSerializable(typeof(PurchasedOrder[]))]
[JsonSerializable(typeof(AcceptedRecord))]
[JsonSerializable(typeof(AcceptedRecord[]))]
[JsonSerializable(typeof(RejectedRequests))]
internal sealed partial class IngestionJsonContext : JsonSerializerContext;
