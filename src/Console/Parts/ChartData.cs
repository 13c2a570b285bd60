using System.Text.Json.Serialization;

namespace Pipeline.Console.Parts;

/// <summary>A chart as the script draws it.</summary>
/// <param name="Kind">bar, hbar, line, pie or scatter.</param>
/// <param name="Labels">The names along the axis, or of the slices.</param>
/// <param name="Series">The values, each as many as there are labels.</param>
public sealed record ChartData(string Kind, IReadOnlyList<string> Labels, IReadOnlyList<ChartSeries> Series);

/// <summary>Values of one colour.</summary>
public sealed record ChartSeries(string Name, IReadOnlyList<double?> Values);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ChartData))]
internal sealed partial class ChartJsonContext : JsonSerializerContext;
