using FsCheck;
using FsCheck.Fluent;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Tests.Domain;

public sealed class MeasurementTests
{
    [Fact]
    public void Record_AnyValues_AreSummedByLabelsAsANaiveReferenceHasIt()
    {
        var record =
            from topic in Gen.Elements<object?>("a", "b", "c", null, 1, true)
            from other in Gen.Choose(0, 40)
            from value in Gen.Choose(-5, 100)
            select (Topic: topic, Other: other, Value: value);
        Prop.ForAll(record.ListOf().ToArbitrary(), records =>
        {
            var measurement = new Measurement("m", null, null, MeasurementKind.Counter, 1_000);
            var expected = new Dictionary<string, double>();
            foreach (var (topic, other, value) in records)
            {
                measurement.Record(value, [new("topic", topic), new("other", other)]);
                var key = topic is null ? $"other={other}" : $"topic={(topic is true ? "true" : topic)},other={other}";
                expected[key] = expected.GetValueOrDefault(key) + value;
            }

            var sums = measurement.AllSeries().ToDictionary(s => string.Join(",", s.Labels.Select(l => $"{l.Key}={l.Value}")), s => s.Value);
            Assert.Equal(expected.OrderBy(e => e.Key, StringComparer.Ordinal), sums.OrderBy(s => s.Key, StringComparer.Ordinal));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task Record_FromManyThreads_LosesNothing()
    {
        var counter = new Measurement("c", null, null, MeasurementKind.Counter, 100);
        var histogram = new Measurement("h", "s", null, MeasurementKind.Histogram, 100);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(t => Task.Run(() =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                counter.Record(1, [new("l", i % 50)]);
                histogram.Record(0.002, [new("l", i % 50)]);
            }
        })));
        Assert.Equal(50, counter.AllSeries().Count());
        Assert.All(counter.AllSeries(), s => Assert.Equal(800, s.Value));
        Assert.All(histogram.AllSeries(), s => Assert.Equal(800, s.Counts()[Buckets.IndexOf(Buckets.Seconds, 0.002)]));
        Assert.Equal(0, counter.Dropped);
    }

    [Fact]
    public void Record_MoreLabelsThanMayBe_AreCountedAndLeftOut()
    {
        var measurement = new Measurement("m", null, null, MeasurementKind.Counter, 3);
        for (var i = 0; i < 10; i++)
            measurement.Record(1, [new("user", $"u-{i}")]);
        measurement.Record(1, [new("user", "u-0")]);
        Assert.Equal(["u-0", "u-1", "u-2"], measurement.AllSeries().Select(s => s.Labels[0].Value).Order());
        Assert.Equal(7, measurement.Dropped);
    }

    [Fact]
    public void Record_LabelsThatMakeNoSeries_AreLeftOut()
    {
        var measurement = new Measurement("m", null, null, MeasurementKind.Counter, 10, ["route"]);
        measurement.Record(1, [new("scheme", "http"), new("route", "/a"), new("version", "1.1")]);
        measurement.Record(1, [new("scheme", "https"), new("route", "/a")]);
        var series = Assert.Single(measurement.AllSeries());
        Assert.Equal((2, "route", "/a"), (series.Value, Assert.Single(series.Labels).Key, series.Labels[0].Value));
    }

    [Fact]
    public void BeginLook_Observed_ForgetsWhatIsNotToldAnyMore()
    {
        var measurement = new Measurement("m", null, null, MeasurementKind.Gauge, 10, observed: true);
        measurement.Record(1, [new("l", "gone")]);
        measurement.BeginLook();
        measurement.Record(2, [new("l", "there")]);
        Assert.Equal("there", Assert.Single(measurement.AllSeries()).Labels[0].Value);
    }

    [Fact]
    public void ToFamily_OfAHistogram_HasBucketsThatAddUp()
    {
        var measurement = new Measurement("m", "s", "how long", MeasurementKind.Histogram, 10);
        foreach (var value in (double[])[0.0005, 0.0006, 0.3, 1e9, double.NaN])
            measurement.Record(value, [new("a.b", "x")]);
        var family = Assert.Single(PrometheusReader.Read(PrometheusText.Write([measurement.ToFamily()])));
        Assert.Equal(("m_seconds", "histogram", "how long"), (family.Name, family.Type, family.Help));
        Assert.Equal(1, family.Samples.Single(s => s.Labels.Contains(new("le", "0.0005"))).Value);
        Assert.Equal(3, family.Samples.Single(s => s.Labels.Contains(new("le", "300"))).Value);
        Assert.Equal(5, family.Samples.Single(s => s.Name == "m_seconds_count").Value);
    }
}
