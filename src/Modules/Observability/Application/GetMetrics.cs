using MediatR;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

/// <summary>All measurements in Prometheus' text format.</summary>
internal sealed record GetMetrics : IRequest<string>;

/// <inheritdoc cref="GetMetrics"/>
internal sealed class GetMetricsHandler(LiveState state, IMeasurements measurements, SpanStore spans) : IRequestHandler<GetMetrics, string>
{
    public Task<string> Handle(GetMetrics request, CancellationToken cancellationToken)
    {
        state.Ask();
        measurements.Want();
        var all = measurements.Look();
        var families = new List<MetricFamily>();
        lock (state.Lock)
            families.AddRange(StoreMetrics.Of(state));
        families.Add(Single("pipeline_observability_spans", "gauge", "Spans kept in memory.", spans.Count));
        families.Add(Single("pipeline_observability_series_dropped_total", "counter", "Values left out since their measurement has too many series.", all.Sum(m => m.Dropped)));
        families.AddRange(all.Select(m => m.ToFamily()));
        return Task.FromResult(PrometheusText.Write(families.DistinctBy(f => f.Name)));
    }

    private static MetricFamily Single(string name, string type, string help, double value) => new(name, type, help, [new MetricSample("", [], value)]);
}
