using System.Diagnostics;
using Microsoft.Extensions.Options;
using Pipeline.Observability.Application;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Infrastructure;

/// <summary>
/// Decides which requests are traced, a few a second, and keeps their spans and those of the batches that they go into. For all other requests there is no span,
/// unless somebody else (the OTLP export) wants one.
/// </summary>
internal sealed class SpanListener : Listener<ActivityListener>
{
    private const string OwnSources = "Pipeline.";
    private const string Requests = "Microsoft.AspNetCore";
    private const string Workflows = "Pipeline.Workflows";

    private static readonly string[] _frameworkSources = [Requests, "System.Net.Http", "Npgsql", "MongoDB.Driver"];

    private readonly SpanStore _store;
    private readonly TimeProvider _time;
    private readonly RateLimit _requests;
    private readonly RateLimit _asked;
    private readonly RateLimit _refused;
    private readonly RateLimit _workflows;

    public SpanListener(SpanStore store, IOptions<ObservabilityOptions> options, TimeProvider time)
    {
        _store = store;
        _time = time;
        _requests = NewLimit();
        _asked = NewLimit();
        _refused = NewLimit();
        _workflows = NewLimit();

        RateLimit NewLimit() => new(options.Value.TracesPerSecond, time.TimestampFrequency);
    }

    protected override ActivityListener Create() => new()
    {
        ShouldListenTo = source => source.Name.StartsWith(OwnSources, StringComparison.Ordinal) || _frameworkSources.Contains(source.Name),
        Sample = Sample,
        ActivityStopped = Stopped,
    };

    protected override void Begin(ActivityListener listener) => ActivitySource.AddActivityListener(listener);

    // On the way of every request: nothing is allocated for those that are not traced.
    private ActivitySamplingResult Sample(ref ActivityCreationOptions<ActivityContext> options)
    {
        if (options.Kind == ActivityKind.Server)
        {
            if (!LimitOf(options).TryTake(_time.GetTimestamp()))
                return ActivitySamplingResult.None;
        }
        else if (TraceMark.IsIn(options.Parent.TraceState))
        {
            return ActivitySamplingResult.AllDataAndRecorded;
        }
        else if (!HasMarkedLink(options.Links) && !(options.Source.Name == Workflows && _workflows.TryTake(_time.GetTimestamp())))
        {
            return ActivitySamplingResult.None;
        }

        options = options with { TraceState = TraceMark.AddTo(options.TraceState) };
        return ActivitySamplingResult.AllDataAndRecorded;
    }

    private RateLimit LimitOf(in ActivityCreationOptions<ActivityContext> options) =>
        options.Source.Name != Requests ? _refused
        : (options.Parent.TraceFlags & ActivityTraceFlags.Recorded) != 0 ? _asked
        : _requests;

    private static bool HasMarkedLink(IEnumerable<ActivityLink>? links)
    {
        if (links is null or ICollection<ActivityLink> { Count: 0 })
            return false;
        foreach (var link in links)
        {
            if (TraceMark.IsIn(link.Context.TraceState))
                return true;
        }

        return false;
    }

    private void Stopped(Activity activity)
    {
        if (activity.IsAllDataRequested && TraceMark.IsIn(activity.TraceStateString))
            _store.Add(SpanConverter.Convert(activity));
    }
}
