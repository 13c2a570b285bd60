using System.Globalization;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

/// <summary>What the stores say, as measurements: the same from every process.</summary>
internal static class StoreMetrics
{
    public static IEnumerable<MetricFamily> Of(LiveState state)
    {
        var topics = state.Log.Topics.Select(t => t.Reading).ToArray();
        yield return Gauge("pipeline_topic_start_offset", "The first offset of a partition that is still there.", topics.SelectMany(t => t.Partitions.Select(p => Partition(t.Name, p.Partition, p.Start))));
        yield return Gauge("pipeline_topic_end_offset", "The offset that the next record of a partition gets.", topics.SelectMany(t => t.Partitions.Select(p => Partition(t.Name, p.Partition, p.End))));

        var groups = state.Log.Groups.ToArray();
        yield return Gauge(
            "pipeline_group_lag", "Records of a partition that a consumer group has yet to take.",
            groups.SelectMany(g => g.Reading.Partitions.Select(p => new MetricSample(
                "", [new("group", g.Reading.Group), new("topic", g.Reading.Topic), new("partition", Text(p.Partition))], p.Lag))));
        yield return Gauge("pipeline_group_members", "Live members of a consumer group.", groups.Select(g => Group(g, g.Reading.Members)));
        yield return Gauge(
            "pipeline_group_behind_seconds", "How old the oldest record is that a consumer group has yet to take.", groups.Select(g => Group(g, g.BehindMilliseconds / 1000.0)));
        yield return Gauge("pipeline_log_up", "Whether the log could be looked at.", [new MetricSample("", [], state.LogAt is not null && state.LogTrouble is null ? 1 : 0)]);

        if (state.Lake is not { } lake)
            yield break;
        yield return Gauge("pipeline_lake_tables", "Tables of the lake.", [new MetricSample("", [], lake.Count)]);
        if (lake.FreeBytes is { } free)
            yield return Gauge("pipeline_lake_free_bytes", "Room on the lake's disk.", [new MetricSample("", [], free)]);
        yield return Tables(lake, "pipeline_lake_table_version", "A table's newest version.", t => t.Version);
        yield return Tables(lake, "pipeline_lake_table_rows", "A table's rows.", t => t.Rows);
        yield return Tables(lake, "pipeline_lake_table_files", "A table's data files.", t => t.Files);
        yield return Tables(lake, "pipeline_lake_table_size_bytes", "The size of a table's data files.", t => t.Bytes);
        yield return Tables(
            lake, "pipeline_lake_table_committed_timestamp_seconds", "When a table's newest version was committed, in seconds since 1970.", t => t.CommittedAt.ToUnixTimeMilliseconds() / 1000.0);
    }

    private static MetricFamily Gauge(string name, string help, IEnumerable<MetricSample> samples) => new(name, "gauge", help, [.. samples]);

    private static MetricFamily Tables(LakeReading lake, string name, string help, Func<TableReading, double?> value) =>
        Gauge(name, help, lake.Newest.Where(t => value(t) is not null).Select(t => new MetricSample("", [new("table", t.Name)], value(t)!.Value)));

    private static MetricSample Partition(string topic, int partition, long offset) => new("", [new("topic", topic), new("partition", Text(partition))], offset);

    private static MetricSample Group(GroupPulse group, double value) => new("", [new("group", group.Reading.Group), new("topic", group.Reading.Topic)], value);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
