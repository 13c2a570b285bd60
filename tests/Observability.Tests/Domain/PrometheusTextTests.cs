using FsCheck;
using FsCheck.Fluent;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Tests.Domain;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Write_AnyFamilies_AreReadBackAsTheyWere()
    {
        var text = Gen.OneOf(Gen.Elements("", "\\", "\"", "\n", "a\\n", "\\\"", "é", "🙂", "{},= "), ArbMap.Default.GeneratorFor<NonNull<string>>().Select(s => s.Get));
        var value = Gen.OneOf(Gen.Elements(double.PositiveInfinity, double.NegativeInfinity, 0, 1e300, -0.1), ArbMap.Default.GeneratorFor<NormalFloat>().Select(f => f.Get));
        var sample =
            from labels in text.ListOf()
            from number in value
            select new MetricSample("", [.. labels.Take(4).Select((l, i) => KeyValuePair.Create(PrometheusText.LabelName($"{i}.l-{i}"), l))], number);
        var family =
            from help in text
            from samples in sample.ListOf()
            select (Help: help, Samples: samples);
        Prop.ForAll(family.ListOf().ToArbitrary(), families =>
        {
            var written = families
                .Select((f, i) => new MetricFamily(PrometheusText.MetricName($"some.thing.{i}", "s", false), "gauge", f.Help, [.. f.Samples.DistinctBy(s => string.Join('|', s.Labels.Select(l => l.Key + l.Value.Length + l.Value)))]))
                .ToArray();
            var read = PrometheusReader.Read(PrometheusText.Write(written));
            Assert.Equal(written.Select(f => (f.Name, f.Type, f.Help)), read.Select(f => (f.Name, f.Type, f.Help)));
            Assert.Equal(written.SelectMany(f => f.Samples.Select(s => s.Value)), read.SelectMany(f => f.Samples.Select(s => s.Value)));
            Assert.Equal(written.SelectMany(f => f.Samples.SelectMany(s => s.Labels)), read.SelectMany(f => f.Samples.SelectMany(s => s.Labels)));
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("http.server.request.duration", "s", false, "http_server_request_duration_seconds")]
    [InlineData("pipeline.ingestion.records.accepted", "{record}", true, "pipeline_ingestion_records_accepted_total")]
    [InlineData("pipeline.eventlog.append.bytes", "By", true, "pipeline_eventlog_append_bytes_total")]
    [InlineData("dotnet.gc.pause.time", "s", true, "dotnet_gc_pause_time_seconds_total")]
    [InlineData("dotnet.process.memory.working_set", "By", false, "dotnet_process_memory_working_set_bytes")]
    [InlineData("some.seconds", "s", false, "some_seconds")]
    [InlineData("hits.total", null, true, "hits_total")]
    [InlineData("cache.hit", "1", false, "cache_hit_ratio")]
    [InlineData("a..b-c/d", null, false, "a_b_c_d")]
    [InlineData("5xx", null, false, "_5xx")]
    public void MetricName_OfAMeasurement_IsAsOpenTelemetryHasIt(string name, string? unit, bool counter, string expected) =>
        Assert.Equal(expected, PrometheusText.MetricName(name, unit, counter));

    [Fact]
    public void Names_OfAnyText_AreAllowedOnes() => Prop.ForAll<NonNull<string>>(text =>
    {
        Assert.Matches("^[a-zA-Z_:][a-zA-Z0-9_:]*$", PrometheusText.MetricName(text.Get, null, false));
        Assert.Matches("^[a-zA-Z_][a-zA-Z0-9_]*$", PrometheusText.LabelName(text.Get));
    }).QuickCheckThrowOnFailure();
}
