using MediatR;
using Microsoft.Extensions.Options;
using Pipeline.Observability.Contracts;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

/// <summary>Answers <see cref="GetLiveFigures"/>.</summary>
internal sealed class GetLiveFiguresHandler(LiveState state, IMeasurements measurements, LineStore lines, IOptions<ObservabilityOptions> options, TimeProvider time)
    : IRequestHandler<GetLiveFigures, LiveFigures>
{
    /// <summary>Rates of late are the average of so many seconds.</summary>
    private const int Late = 5;

    public Task<LiveFigures> Handle(GetLiveFigures request, CancellationToken cancellationToken)
    {
        state.Ask();
        measurements.Want();
        var now = time.GetUtcNow();
        lock (state.Lock)
        {
            // Idle looks are seconds apart: the series end with the last one.
            var second = (state.LogAt ?? now).ToUnixTimeSeconds();
            var figures = new LiveFigures
            {
                At = now,
                SeriesSeconds = 1,
                Topics = [.. state.Log.Topics.Select(t => View(t, second))],
                Groups = [.. state.Log.Groups.Select(g => View(g, second))],
                Tables = [.. (state.Lake?.Newest ?? []).Select(t => new TableFigures(t.Name, t.Version, t.Rows, t.Files, t.Bytes, t.CommittedAt))],
                TableCount = state.Lake?.Count ?? 0,
                TablesAt = state.Lake?.At,
                Requests = Requests(now),
                Rejected = [.. state.Rejected.All.Select(r => new RefusalFigures(r.Name, r.Count, r.Recent))],
                Findings = [],
            };
            var errors = lines.ToArray().Count(l => l.Level >= LineLevel.Error && now - l.At < TimeSpan.FromSeconds(SeriesRing.Seconds));
            return Task.FromResult(figures with { Findings = Findings.Find(figures, state, errors, options.Value, now) });
        }
    }

    private static TopicFigures View(TopicPulse topic, long second) => new(
        topic.Reading.Name, topic.Reading.DeadLetters, topic.Reading.Records, topic.Reading.EndOffset, Rate(topic.PerSecond, second), topic.Added,
        topic.PerSecond.ToArray(second));

    private static GroupFigures View(GroupPulse group, long second) => new(
        group.Reading.Group, group.Reading.Topic, group.Reading.Members, group.Reading.Lag, Rate(group.PerSecond, second), group.BehindMilliseconds / 1000.0,
        group.Lag.ToArray(second), group.PerSecond.ToArray(second), group.Behind.ToArray(second));

    private RequestFigures Requests(DateTimeOffset now)
    {
        var pulse = state.Requests;
        var second = now.ToUnixTimeSeconds() - 1;
        var routes = pulse.Routes(now.ToUnixTimeMilliseconds(), Buckets.Seconds, measurements.RequestCounts());
        return new RequestFigures(
            Rate(pulse.PerSecond, second), Rate(pulse.ErrorsPerSecond, second), pulse.MedianOfLate, pulse.P99OfLate,
            pulse.PerSecond.ToArray(second), pulse.Median.ToArray(second), pulse.P99.ToArray(second),
            [.. routes.Select(r => new RouteFigures(r.Method, r.Route, r.PerSecond, r.ErrorsPerSecond, r.P50Milliseconds, r.P99Milliseconds))]);
    }

    private static double Rate(SeriesRing series, long second) => Math.Round(series.Average(second, Late), 2);
}
