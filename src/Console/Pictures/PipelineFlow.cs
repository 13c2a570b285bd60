using Pipeline.Console.Parts;
using Pipeline.Ingestion.Contracts;
using Pipeline.Observability.Contracts;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Console.Pictures;

/// <summary>The pipeline as boxes and arrows.</summary>
/// <param name="Nodes">The boxes.</param>
/// <param name="Edges">The arrows.</param>
internal sealed record PipelineFlow(IReadOnlyList<FlowNode> Nodes, IReadOnlyList<FlowEdge> Edges)
{
    /// <summary>The width of a box.</summary>
    public const int BoxWidth = 176;

    /// <summary>The height of a box.</summary>
    public const int BoxHeight = 52;

    private const int ColumnWidth = 272;
    private const int Upper = 28;
    private const int Lower = 164;
    private const int Middle = (Upper + Lower) / 2;

    /// <summary>The groups that the modules read with.</summary>
    private const string EventsGroup = "events";
    private const string PurchasesGroup = "purchases";

    /// <summary>Draws the figures.</summary>
    public static PipelineFlow Of(LiveFigures figures)
    {
        var events = figures.Topics.FirstOrDefault(t => t.Name == Topics.UserEvents);
        var orders = figures.Topics.FirstOrDefault(t => t.Name == Topics.PurchasedItem);
        var counting = figures.Groups.FirstOrDefault(g => g.Group == EventsGroup);
        var landing = figures.Groups.FirstOrDefault(g => g.Group == PurchasesGroup);
        var lake = figures.Tables.FirstOrDefault(t => t.Name == PurchasedItemsTable.Path);
        var refused = figures.Rejected.Sum(r => r.Recent);

        var api = new FlowNode(
            "API", figures.Requests.P99Milliseconds is { } p99 ? $"p99 {Text.Duration(TimeSpan.FromMilliseconds(p99))}" : "no requests", 0, Middle,
            figures.Requests.ErrorsPerSecond > 0 ? "bad" : "", "/console/dead-letters?view=Rejected");
        var userEvents = Topic(Topics.UserEvents, events, Upper);
        var purchasedItem = Topic(Topics.PurchasedItem, orders, Lower);
        var counts = new FlowNode("Events and counts", Behind(counting), 2 * ColumnWidth, Upper, Health(counting, figures), "/console/events");
        var table = new FlowNode(
            "Lake", figures.TablesAt is null ? "…" : lake is null ? "nothing landed yet" : $"{Text.Count(lake.Rows)} orders", 2 * ColumnWidth, Lower, Health(landing, figures),
            $"/console/lake/{PurchasedItemsTable.Path}");
        var answers = new FlowNode("Analytics", "warehouse and answers", 3 * ColumnWidth, Lower, "", "/console/analytics");
        var timelines = new FlowNode("Timelines", "per user", 3 * ColumnWidth, Upper, "", "/console/events/user");
        return new PipelineFlow(
            [api, userEvents, purchasedItem, counts, table, answers, timelines],
            [
                Edge(api, userEvents, events?.PerSecond, refused > 0 ? $"{Text.Count(refused)} refused" : null),
                Edge(api, purchasedItem, orders?.PerSecond, null),
                Edge(userEvents, counts, counting?.PerSecond, Lag(counting)),
                Edge(purchasedItem, table, landing?.PerSecond, Lag(landing)),
                Edge(counts, timelines, null, null),
                Edge(table, answers, null, lake is null ? null : $"version {Text.Count(lake.Version)}"),
            ]);

        FlowNode Topic(string name, TopicFigures? topic, int y)
        {
            var dead = figures.Topics.FirstOrDefault(t => t.Name == Topics.DeadLetter(name))?.Records ?? 0;
            return new FlowNode(
                name, dead > 0 ? $"{Text.Count(dead)} dead letters" : $"{Text.Count(topic?.Records ?? 0)} records", ColumnWidth, y, dead > 0 ? "warn" : "",
                dead > 0 ? "/console/dead-letters" : "/console/events/tail");
        }
    }

    private static string Behind(GroupFigures? group) => group switch
    {
        null => "not read yet",
        { Members: 0 } => "nobody reads",
        { BehindSeconds: > 0 } => $"{Text.Duration(TimeSpan.FromSeconds(group.BehindSeconds))} behind",
        _ => "up to date",
    };

    private static string? Lag(GroupFigures? group) => group is { Lag: > 0 } ? $"lag {Text.Count(group.Lag)}" : null;

    private static string Health(GroupFigures? group, LiveFigures figures) => group switch
    {
        null => "",
        { Members: 0 } => "bad",
        _ => figures.Findings.Any(f => f.Severity != FindingSeverity.Notice && f.Subject.Contains(group.Group, StringComparison.Ordinal)) ? "warn" : "",
    };

    private static FlowEdge Edge(FlowNode from, FlowNode to, double? perSecond, string? note)
    {
        var (x1, y1, x2, y2) = (from.X + BoxWidth, from.Y + BoxHeight / 2, to.X, to.Y + BoxHeight / 2);
        var middle = (x1 + x2) / 2;
        var label = string.Join(", ", new[] { perSecond is { } rate ? $"{Text.Number(rate)}/s" : null, note }.Where(l => l is not null));

        // Where an arrow bends, its label is at its end, outside of the bend.
        var (x, y) = y1 == y2 ? (middle, y1 - 8) : (x2 - 44, y2 < y1 ? y2 - 8 : y2 + 18);
        return new FlowEdge($"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}", x, y, label, perSecond > 0);
    }
}

/// <summary>A box.</summary>
/// <param name="Title">What it is.</param>
/// <param name="Note">How it is.</param>
/// <param name="X">Its left.</param>
/// <param name="Y">Its top.</param>
/// <param name="Kind">warn, bad, or nothing.</param>
/// <param name="Address">The page about it.</param>
internal sealed record FlowNode(string Title, string Note, int X, int Y, string Kind, string Address);

/// <summary>An arrow with what goes over it.</summary>
internal sealed record FlowEdge(string Path, int X, int Y, string Label, bool Live);
