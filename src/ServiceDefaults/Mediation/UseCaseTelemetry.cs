using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.ServiceDefaults.Mediation;

/// <summary>The span source and the meter of all use cases.</summary>
internal static class UseCaseTelemetry
{
    public const string Name = "Pipeline.UseCases";

    public static readonly ActivitySource Source = new(Name);

    private static readonly Meter _meter = new(Name);

    public static readonly Histogram<double> Duration = _meter.CreateHistogram<double>("pipeline.use_case.duration", "s", "Duration of a use case, by request and outcome.");
}
