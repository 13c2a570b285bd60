using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Observability.Application;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Infrastructure;

/// <summary>Keeps the measurements of Pipeline's meters and a few of the framework's, from before the first hosted service starts.</summary>
internal sealed class MeterCollector(IOptions<ObservabilityOptions> options) : IMeasurements, IHostedLifecycleService, IDisposable
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
    private MeterListener? _listener;
    private bool _wanted;

    public void Want()
    {
        if (Volatile.Read(ref _wanted))
            return;
        lock (_waiting)
        {
            Volatile.Write(ref _wanted, true);
            foreach (var (instrument, measurement) in _waiting)
                _listener?.EnableMeasurementEvents(instrument, measurement);
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
            _listener?.RecordObservableInstruments();
        }

        return [.. _measurements.Values.OrderBy(m => m.Name, StringComparer.Ordinal)];
    }

    public Measurement? Find(string name) => _measurements.GetValueOrDefault(name);

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _listener = new MeterListener { InstrumentPublished = Published };
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => Record((double)value, tags, state));
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => Interlocked.Exchange(ref _listener, null)?.Dispose();

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
