using FsCheck;
using FsCheck.Fluent;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Tests.Domain;

public sealed class HistoryTests
{
    [Fact]
    public void AgeOf_AnyHistory_LiesBetweenTheLooksAroundTheAppend()
    {
        var looks = Gen.Zip(Gen.Choose(1, 3_000), Gen.Choose(0, 20)).ListOf();
        Prop.ForAll(looks.ToArbitrary(), Gen.Choose(0, 400).ToArbitrary(), (steps, offset) =>
        {
            var history = new OffsetHistory();
            var known = new List<(long At, long End)>();
            var (at, end) = (1_000L, 10L);
            foreach (var (pause, added) in steps)
            {
                (at, end) = (at + pause, end + added);
                history.Add(at, end);
                known.Add((at, end));
            }

            var now = at + 5;
            var age = history.AgeOf(offset, now, out var atLeast);
            known = [.. known.TakeLast(300)];
            if (known.Count == 0 || offset >= known[^1].End)
            {
                Assert.Equal((0, false), (age, atLeast));
            }
            else if (known[0].End > offset)
            {
                Assert.Equal((now - known[0].At, true), (age, atLeast));
            }
            else
            {
                Assert.False(atLeast);
                var before = known.Last(l => l.End <= offset);
                var after = known.First(l => l.End > offset);
                Assert.InRange(age, now - after.At, now - before.At);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void GrowthSince_LogMadeAnew_CountsFromThere()
    {
        var history = new OffsetHistory();
        history.Add(1, 100);
        history.Add(2, 120);
        Assert.Equal(20, history.GrowthSince(0));
        history.Add(3, 5);
        history.Add(4, 8);
        Assert.Equal(3, history.GrowthSince(0));
        Assert.Equal(0, history.GrowthSince(4));
    }

    [Fact]
    public void Quantile_AnyValues_LiesInTheBucketOfTheRankedValue()
    {
        var value = Gen.Choose(0, 400_000).Select(v => v / 1000.0);
        Prop.ForAll(value.NonEmptyListOf().ToArbitrary(), Gen.Choose(0, 100).ToArbitrary(), (values, percent) =>
        {
            var bounds = Buckets.Seconds;
            var counts = new long[bounds.Length + 1];
            foreach (var v in values)
                counts[Buckets.IndexOf(bounds, v)]++;
            var quantile = Buckets.Quantile(bounds, counts, percent / 100.0)!.Value;
            var sorted = values.Order().ToArray();
            var ranked = sorted[Math.Clamp((int)Math.Ceiling(percent / 100.0 * sorted.Length) - 1, 0, sorted.Length - 1)];
            var bucket = Buckets.IndexOf(bounds, ranked);
            Assert.InRange(quantile, bucket == 0 ? 0 : bounds[Math.Min(bucket, bounds.Length) - 1], bounds[Math.Min(bucket, bounds.Length - 1)]);
        }).QuickCheckThrowOnFailure();
        Assert.Null(Buckets.Quantile(Buckets.Seconds, new long[Buckets.Seconds.Length + 1], 0.5));
    }

    [Fact]
    public void SeriesRing_LooksWithPauses_FillsShortOnesAndLeavesLongOnesOpen()
    {
        var ring = new SeriesRing();
        ring.Set(1_000, 1);
        ring.Set(1_005, 2);
        ring.Set(1_100, 3);
        var values = ring.ToArray(1_100);
        Assert.Equal(SeriesRing.Seconds, values.Length);
        Assert.Equal([1, 2, 2, 2, 2, 2, null], values[(^101)..(^94)]);
        Assert.Equal([null, 3], values[^2..]);
        Assert.All(values[..^101], v => Assert.Null(v));
        Assert.Equal(2.5, ring.Average(1_100, 96));
        ring.Set(1_050, 9);
        Assert.Null(ring.ToArray(1_100)[^51]);
        ring.Set(5_000, 4);
        Assert.Equal(4, Assert.Single(ring.ToArray(5_000), v => v is not null));
        Assert.Equal(0, new SeriesRing().Average(10, 5));
    }

    [Fact]
    public void LogPulse_GroupThatFallsBehindAndCatchesUp_IsToldSo()
    {
        var pulse = new LogPulse();
        for (var second = 0; second <= 60; second++)
        {
            var committed = second < 20 ? second * 10 : second < 50 ? 200 : second * 10;
            pulse.Look((1_000_000 + second) * 1_000L, [Topic(second * 10)], [new GroupReading("g", "t", 1, [new(0, committed, second * 10)])]);
            var group = Assert.Single(pulse.Groups);
            Assert.Equal((second * 10) - committed, group.Reading.Lag);
            Assert.Equal(second is >= 20 and < 50 ? (second - 20) * 1_000 : 0, group.BehindMilliseconds);
            Assert.Null(group.Unknown);
        }

        var topic = Assert.Single(pulse.Topics);
        Assert.Equal(10, topic.PerSecond.Average(1_000_060, 5));
        Assert.Equal(600, topic.Added);
    }

    [Fact]
    public void LogPulse_RecordOlderThanTheFirstLook_IsAskedFor()
    {
        var pulse = new LogPulse();
        for (var second = 0; second <= 3; second++)
            pulse.Look((1_000_000 + second) * 1_000L, [Topic(50)], [new GroupReading("g", "t", 0, [new(0, 7, 50)])]);
        var group = Assert.Single(pulse.Groups);
        Assert.Equal((0, 7L), group.Unknown);
        Assert.Equal(3_000, group.BehindMilliseconds);
        group.Learn(900_000);
        Assert.Equal(900_000, group.BehindMilliseconds);
        Assert.Equal(900, group.Behind.Average(1_000_003, 1));

        pulse.Look(1_000_004_000, [], []);
        Assert.Empty(pulse.Groups);
        Assert.Empty(pulse.Topics);
    }

    [Fact]
    public void RequestPulse_Counts_AreRatesAndLatencies()
    {
        var pulse = new RequestPulse();
        var bounds = Buckets.Seconds;
        for (var second = 0; second <= 30; second++)
        {
            var ok = new long[bounds.Length + 1];
            ok[1] = second * 99;
            var bad = new long[bounds.Length + 1];
            bad[8] = second;
            (RequestKey, long[])[] counts = [(new("PUT", "/a", 202), ok), (new("PUT", "/a", 503), bad)];
            pulse.Look((1_000_000 + second) * 1_000L, bounds, counts);
            if (second == 30)
            {
                var route = Assert.Single(pulse.Routes(1_000_030_000, bounds, counts));
                Assert.Equal(("PUT", "/a", 100.0, 1.0), (route.Method, route.Route, Math.Round(route.PerSecond, 6), Math.Round(route.ErrorsPerSecond, 6)));
            }
        }

        Assert.Equal(100, pulse.PerSecond.Average(1_000_030, 5));
        Assert.Equal(1, pulse.ErrorsPerSecond.Average(1_000_030, 5));
        Assert.InRange(pulse.MedianOfLate!.Value, 0.5, 1);
        Assert.Equal(1, pulse.P99OfLate!.Value, 6);
    }

    private static TopicReading Topic(long end) => new("t", false, [new(0, 0, end)]);
}
