using System.Text.Json.Serialization;
using Pipeline.EventLog;

namespace Pipeline.Hosting.Status;

/// <summary>The state of the whole pipeline: the answer of <c>GET /status</c>.</summary>
/// <param name="At">As of when.</param>
/// <param name="UptimeSeconds">How long the answering process runs.</param>
/// <param name="Topics">The topics of the log.</param>
/// <param name="Groups">The consumer groups.</param>
/// <param name="Tables">The tables of the lake.</param>
public sealed record PipelineStatus(
    DateTimeOffset At, double UptimeSeconds, IReadOnlyList<TopicState> Topics, IReadOnlyList<GroupState> Groups, IReadOnlyList<TableState> Tables);

/// <summary>A topic.</summary>
/// <param name="Name">The name.</param>
/// <param name="Records">How many records it holds.</param>
/// <param name="Partitions">Its partitions with start and end offsets.</param>
public sealed record TopicState(string Name, long Records, IReadOnlyList<PartitionStatus> Partitions);

/// <summary>A consumer group on a topic.</summary>
/// <param name="Group">The group.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Members">Its live members.</param>
/// <param name="Lag">Records that it has yet to read.</param>
/// <param name="Partitions">Its place in each partition.</param>
public sealed record GroupState(string Group, string Topic, int Members, long Lag, IReadOnlyList<GroupPartitionStatus> Partitions);

/// <summary>A table of the lake.</summary>
/// <param name="Name">Its path in the lake.</param>
/// <param name="Version">Its newest version.</param>
/// <param name="Rows">Its rows; null where a file has no statistics.</param>
/// <param name="Files">Its data files.</param>
/// <param name="Bytes">The size of its data files.</param>
/// <param name="CommittedAt">When the newest version was committed.</param>
public sealed record TableState(string Name, long Version, long? Rows, int Files, long Bytes, DateTimeOffset CommittedAt);

/// <summary>Source-generated JSON of the status.</summary>
[JsonSerializable(typeof(PipelineStatus))]
internal sealed partial class StatusJsonContext : JsonSerializerContext;
