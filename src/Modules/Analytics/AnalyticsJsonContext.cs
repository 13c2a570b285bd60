using System.Text.Json.Serialization;
using Pipeline.Analytics.Contracts;

namespace Pipeline.Analytics;

/// <summary>Source-generated JSON of the module: PascalCase, as everywhere in the API.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<TopProduct>))]
[JsonSerializable(typeof(IReadOnlyList<PaymentTypeShare>))]
[JsonSerializable(typeof(IReadOnlyList<TopCustomer>))]
[JsonSerializable(typeof(IReadOnlyList<RepeatPurchase>))]
[JsonSerializable(typeof(IReadOnlyList<RepurchasedProduct>))]
[JsonSerializable(typeof(IReadOnlyList<AnalyticsQuestion>))]
[JsonSerializable(typeof(RefreshResult))]
internal sealed partial class AnalyticsJsonContext : JsonSerializerContext;
