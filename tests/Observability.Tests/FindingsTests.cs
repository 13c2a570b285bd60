using Pipeline.Observability.Application;
using Pipeline.Observability.Contracts;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Tests;

public sealed class FindingsTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly LiveFigures _well = new()
    {
        At = _now,
        SeriesSeconds = 1,
        Topics = [Topic("UserEvents", 10, 5), Topic("UserEvents.dead", 0, 0)],
        Groups = [Group(members: 2, lag: 500, perSecond: 100, behind: 3)],
        Tables = [new TableFigures("raw/purchased_items", 7, 100, 50, 5_000, _now)],
        Requests = Requests(100, 0),
        Rejected = [new RefusalFigures("Invalid", 3, 0)],
        Findings = [],
    };

    private readonly LiveState _state = new(TimeProvider.System) { LogAt = _now, Lake = new LakeReading(_now, 1, [], 100L << 30) };

    [Fact]
    public void Pipeline_ThatIsWell_HasNoFindings() => Assert.Empty(Find(_well));

    [Fact]
    public void Group_WithoutMembers_IsAnErrorThatSaysHowToStartOne()
    {
        var finding = Assert.Single(Find(_well with { Groups = [Group(members: 0, lag: 1_234, perSecond: 0, behind: 90)] }));
        Assert.Equal((FindingSeverity.Error, "group events"), (finding.Severity, finding.Subject));
        Assert.Equal("1,234 records of topic UserEvents wait, the oldest for 90 s, and no worker reads them.", finding.What);
        Assert.Contains("--project src/Workers -- run", finding.Do, StringComparison.Ordinal);
    }

    [Fact]
    public void Group_ThatIsBehind_IsAWarningAndOneThatStandsStillAnError()
    {
        var behind = Assert.Single(Find(_well with { Groups = [Group(members: 1, lag: 9_000, perSecond: 50, behind: 300)] }));
        Assert.Equal((FindingSeverity.Warning, "It is 5 min behind topic UserEvents: 9,000 records wait, 50 a second are taken."), (behind.Severity, behind.What));
        Assert.Equal(FindingSeverity.Error, Assert.Single(Find(_well with { Groups = [Group(members: 1, lag: 1, perSecond: 0, behind: 300)] })).Severity);
    }

    [Fact]
    public void Findings_OfEveryKind_AreToldTheWorstFirst()
    {
        _state.LogTrouble = "PostgreSQL is away";
        _state.LakeTrouble = "no such folder";
        _state.Lake = new LakeReading(_now, 1, [], 1L << 30);
        var found = Find(_well with
        {
            Topics = [Topic("UserEvents.dead", 12, 2), Topic("PurchasedItem.dead", 1, 0)],
            Tables = [new TableFigures("raw/small", 7, 100, 1_000, 5_000_000, _now)],
            Requests = Requests(100, 2),
            Rejected = [new RefusalFigures("Unavailable", 9, 9), new RefusalFigures("Invalid", 3, 1)],
        }, errorLines: 1);
        Assert.Equal(found.OrderByDescending(f => f.Severity).Select(f => f.What), found.Select(f => f.What));
        Assert.Equal(
            ["disk", "lake", "log", "log records", "requests", "requests", "requests", "table raw/small", "topic PurchasedItem.dead", "topic UserEvents.dead"],
            found.Select(f => f.Subject).Order(StringComparer.Ordinal));
        Assert.Contains(found, f => f.What == "The log does not answer: PostgreSQL is away.");
        Assert.Contains(found, f => f.What == "2 dead letters in the last 5 minutes, 12 in all: records that a consumer could not take.");
        Assert.Contains(found, f => f.What == "1 dead letter: records that a consumer could not take." && f.Severity == FindingSeverity.Notice);
        Assert.All(found, f => Assert.True(f.What.EndsWith('.') && f.Do.EndsWith('.')));
    }

    [Fact]
    public void Options_OutOfBounds_AreAllTold()
    {
        var result = new ObservabilityOptionsValidator().Validate(null, new ObservabilityOptions
        {
            TracesPerSecond = -1,
            TraceBytes = 1,
            TraceSpans = 1,
            LogBytes = 1,
            LogRecords = 1,
            SeriesPerMeasurement = 0,
            Tables = 0,
            TableInterval = TimeSpan.Zero,
            LongestBehind = TimeSpan.Zero,
            LeastFreeBytes = -1,
        });
        Assert.Equal(typeof(ObservabilityOptions).GetProperties().Length, result.Failures!.Count());
        Assert.True(new ObservabilityOptionsValidator().Validate(null, new ObservabilityOptions()).Succeeded);
    }

    private IReadOnlyList<Finding> Find(LiveFigures figures, int errorLines = 0) => Findings.Find(figures, _state, errorLines, new ObservabilityOptions(), _now);

    private static TopicFigures Topic(string name, long records, long added) => new(name, name.EndsWith(".dead", StringComparison.Ordinal), records, records, 1, added, []);

    private static GroupFigures Group(int members, long lag, double perSecond, double behind) => new("events", "UserEvents", members, lag, perSecond, behind, [], [], []);

    private static RequestFigures Requests(double perSecond, double errors) => new(perSecond, errors, 1, 2, [], [], [], []);
}
