namespace Pipeline.Observability.Domain;

/// <summary>A measurement as Prometheus knows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">counter, gauge or histogram.</param>
/// <param name="Help">What it is, in a sentence.</param>
/// <param name="Samples">Its values.</param>
internal sealed record MetricFamily(string Name, string Type, string Help, IReadOnlyList<MetricSample> Samples);

/// <summary>A value of a measurement.</summary>
/// <param name="Suffix">What comes after the measurement's name: <c>_bucket</c>, <c>_sum</c> and <c>_count</c> of a histogram, else nothing.</param>
/// <param name="Labels">The labels.</param>
/// <param name="Value">The value.</param>
internal readonly record struct MetricSample(string Suffix, IReadOnlyList<KeyValuePair<string, string>> Labels, double Value);
