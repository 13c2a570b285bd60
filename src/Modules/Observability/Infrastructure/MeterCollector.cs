using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pipeline.Observability.Application;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Infrastructure;

/// <summary>Keeps the measurements of Pipeline's meters and a few of the framework's, from before the first hosted service starts.</summary>
internal sealed class MeterCollector(IOptions<ObservabilityOptions> options) : Listener<MeterListener>, IMeasurements
{
    private const string OwnMeters = "Pipeline.";

    private static readonly Dictionary<string, string[]?> _framework = new(StringComparer.Ordinal)
    {
        [IMeasurements.RequestDuration] = [IMeasurements.Method, IMeasurements.Route, IMeasurements.Status],
        ["kestrel.active_connections"] = [],
        ["dotnet.process.cpu.time"] = null,
        ["dotnet.process.memory.working_set"] = null,
        ["dotnet.gc.collections"] = null,
        ["dotnet.gc.pause.time"] = null,
        ["dotnet.gc.heap.total_allocated"] = null,
        ["dotnet.gc.last_collection.heap.size"] = null,
        ["dotnet.thread_pool.thread.count"] = null,
        ["dotnet.thread_pool.queue.length"] = null,
    };

    /// <summary>What the runtime tells as counters though it goes up and down.</summary>
    private static readonly string[] _gauges = ["dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length"];

    /// <summary>What is measured only once somebody asks.</summary>
    private static readonly string[] _costly = [IMeasurements.RequestDuration, "pipeline.use_case.duration"];

    private readonly List<(Instrument Instrument, Measurement Measurement)> _waiting = [];
    private readonly ConcurrentDictionary<string, Measurement> _measurements = new(StringComparer.Ordinal);
    private readonly Lock _looking = new();
    private bool _wanted;

    public void Want()
    {
        if (Volatile.Read(ref _wanted))
            return;
        lock (_waiting)
        {
            Volatile.Write(ref _wanted, true);
            foreach (var (instrument, measurement) in _waiting)
                Current?.EnableMeasurementEvents(instrument, measurement);
            _waiting.Clear();
        }
    }

    public IReadOnlyCollection<Measurement> Look()
    {
        // Two looks at once would tell absolute values twice.
        lock (_looking)
        {
            foreach (var measurement in _measurements.Values)
                measurement.BeginLook();
            Current?.RecordObservableInstruments();
        }

        return [.. _measurements.Values.OrderBy(m => m.Name, StringComparer.Ordinal)];
    }

    public Measurement? Find(string name) => _measurements.GetValueOrDefault(name);

    protected override MeterListener Create()
    {
        var listener = new MeterListener { InstrumentPublished = Published };
        listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => Record(value, tags, state));
        listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => Record(value, tags, state));
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => Record(value, tags, state));
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => Record(value, tags, state));
        listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => Record(value, tags, state));
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => Record(value, tags, state));
        listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => Record((double)value, tags, state));
        return listener;
    }

    protected override void Begin(MeterListener listener) => listener.Start();

    private void Published(Instrument instrument, MeterListener listener)
    {
        string[]? labels = null;
        if (!instrument.Meter.Name.StartsWith(OwnMeters, StringComparison.Ordinal) && !_framework.TryGetValue(instrument.Name, out labels))
            return;

        // Meters of the same name, as several hosts in a process have them, share their measurements.
        var kind = KindOf(instrument);
        var measurement = _measurements.GetOrAdd(
            instrument.Name,
            _ => new Measurement(instrument.Name, instrument.Unit, instrument.Description, kind, options.Value.SeriesPerMeasurement, labels, instrument.IsObservable));
        if (measurement.Kind != kind)
            return;
        lock (_waiting)
        {
            if (!_wanted && _costly.Contains(instrument.Name))
                _waiting.Add((instrument, measurement));
            else
                listener.EnableMeasurementEvents(instrument, measurement);
        }
    }

    private static void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? measurement) => ((Measurement)measurement!).Record(value, tags);

    private static MeasurementKind KindOf(Instrument instrument)
    {
        var type = instrument.GetType();
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return definition == typeof(Histogram<>) ? MeasurementKind.Histogram
            : definition == typeof(Counter<>) ? MeasurementKind.Counter
            : definition == typeof(UpDownCounter<>) ? MeasurementKind.UpDown
            : definition == typeof(ObservableCounter<>) && !_gauges.Contains(instrument.Name) ? MeasurementKind.Total
            : MeasurementKind.Gauge;
    }
}
