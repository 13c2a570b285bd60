using MediatR;

namespace Pipeline.Observability.Contracts;

/// <summary>
/// Asks how it goes: the newest figures, a line of each over the last five minutes, and what is not well. Topics, groups and tables are what the stores say, so they are
/// right with many processes; requests and refusals are those of the process that answers. Tables are looked at only while somebody asks: the first answer
/// after a pause may have none. Durations of requests are measured from the first time on that somebody asks.
/// </summary>
public sealed record GetLiveFigures : IRequest<LiveFigures>;

/// <summary>How it goes.</summary>
public sealed record LiveFigures
{
    /// <summary>As of when; the time of the last value of each series.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The seconds between two values of a series.</summary>
    public required double SeriesSeconds { get; init; }

    /// <summary>The topics, dead-letter topics among them, by name.</summary>
    public required IReadOnlyList<TopicFigures> Topics { get; init; }

    /// <summary>The consumer groups, by topic and name.</summary>
    public required IReadOnlyList<GroupFigures> Groups { get; init; }

    /// <summary>The tables of the lake, the one that was committed to last first; at most as many as the options say.</summary>
    public required IReadOnlyList<TableFigures> Tables { get; init; }

    /// <summary>How many tables the lake has.</summary>
    public int TableCount { get; init; }

    /// <summary>As of when the tables are; null before they were looked at.</summary>
    public DateTimeOffset? TablesAt { get; init; }

    /// <summary>Requests to this process.</summary>
    public required RequestFigures Requests { get; init; }

    /// <summary>Requests that this process refused, by reason.</summary>
    public required IReadOnlyList<RefusalFigures> Rejected { get; init; }

    /// <summary>What is not well, the worst first; empty where all is.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}

/// <summary>A topic.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DeadLetters">Whether it holds dead letters.</param>
/// <param name="Records">How many records it holds.</param>
/// <param name="EndOffset">How many records were ever appended: the sum of its partitions' end offsets.</param>
/// <param name="PerSecond">Records appended a second, of late.</param>
/// <param name="Added">Records appended within the series.</param>
/// <param name="PerSecondSeries">Records a second over the last five minutes, the oldest first; null where it is not known.</param>
public sealed record TopicFigures(
    string Name, bool DeadLetters, long Records, long EndOffset, double PerSecond, long Added, IReadOnlyList<double?> PerSecondSeries);

/// <summary>A consumer group on a topic.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Members">Its live members.</param>
/// <param name="Lag">Records that it has yet to take.</param>
/// <param name="PerSecond">Records that it takes a second, of late.</param>
/// <param name="BehindSeconds">
/// How old the oldest record is that it has yet to take: 0 where there is none. For group <c>events</c> this is the time from an event to its count, for
/// <c>purchases</c> from an order to its landing.
/// </param>
/// <param name="LagSeries">The lag over the last five minutes, the oldest first; null where it is not known.</param>
/// <param name="PerSecondSeries">Records a second over the last five minutes.</param>
/// <param name="BehindSeries">Seconds behind over the last five minutes.</param>
public sealed record GroupFigures(
    string Group, string Topic, int Members, long Lag, double PerSecond, double BehindSeconds,
    IReadOnlyList<double?> LagSeries, IReadOnlyList<double?> PerSecondSeries, IReadOnlyList<double?> BehindSeries);

/// <summary>A table of the lake.</summary>
/// <param name="Name">Its path in the lake.</param>
/// <param name="Version">Its newest version.</param>
/// <param name="Rows">Its rows; null where a file has no statistics.</param>
/// <param name="Files">Its data files.</param>
/// <param name="Bytes">The size of its data files.</param>
/// <param name="CommittedAt">When the newest version was committed.</param>
public sealed record TableFigures(string Name, long Version, long? Rows, int Files, long Bytes, DateTimeOffset CommittedAt);

/// <summary>Requests to this process.</summary>
/// <param name="PerSecond">Requests a second, of late.</param>
/// <param name="ErrorsPerSecond">Of these, answers with status 500 and above.</param>
/// <param name="P50Milliseconds">Half of the requests of late were answered within this; null where there were none.</param>
/// <param name="P99Milliseconds">99 of 100 were answered within this.</param>
/// <param name="PerSecondSeries">Requests a second over the last five minutes, the oldest first; null where it is not known.</param>
/// <param name="P50Series">The median over the last five minutes, in milliseconds.</param>
/// <param name="P99Series">The 99th percentile over the last five minutes, in milliseconds.</param>
/// <param name="Routes">The same by route, of the last minute, the busiest first.</param>
public sealed record RequestFigures(
    double PerSecond, double ErrorsPerSecond, double? P50Milliseconds, double? P99Milliseconds,
    IReadOnlyList<double?> PerSecondSeries, IReadOnlyList<double?> P50Series, IReadOnlyList<double?> P99Series, IReadOnlyList<RouteFigures> Routes);

/// <summary>Requests to a route.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Route">The route's pattern.</param>
/// <param name="PerSecond">Requests a second over the last minute.</param>
/// <param name="ErrorsPerSecond">Of these, answers with status 500 and above.</param>
/// <param name="P50Milliseconds">The median over the last minute.</param>
/// <param name="P99Milliseconds">The 99th percentile over the last minute.</param>
public sealed record RouteFigures(string Method, string Route, double PerSecond, double ErrorsPerSecond, double? P50Milliseconds, double? P99Milliseconds);

/// <summary>Refused requests of a reason.</summary>
/// <param name="Reason">The reason, as in <c>GET /ingestion/rejected</c>.</param>
/// <param name="Count">How many since the process started.</param>
/// <param name="Recent">How many in the last five minutes.</param>
public sealed record RefusalFigures(string Reason, long Count, long Recent);

/// <summary>Something that is not well.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Subject">What it is about, such as <c>group events</c> or <c>table raw/purchased_items</c>.</param>
/// <param name="What">What is wrong and why, in a sentence.</param>
/// <param name="Do">What to do, in a sentence.</param>
public sealed record Finding(FindingSeverity Severity, string Subject, string What, string Do);

/// <summary>How bad it is.</summary>
public enum FindingSeverity
{
    /// <summary>Worth knowing; all works.</summary>
    Notice,

    /// <summary>It will be a problem if it stays.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Error,
}
