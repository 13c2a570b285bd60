using Microsoft.AspNetCore.Http;

namespace Pipeline.Console.Layout;

/// <summary>The pages that the side lists.</summary>
internal static class Navigation
{
    /// <summary>All of them, in groups.</summary>
    public static IReadOnlyList<NavigationGroup> Groups { get; } =
    [
        new(null, [new("Overview", "/", "o", "overview")]),
        new("Data",
        [
            new("Events", "/console/events", "e", "events"),
            new("Lake", "/console/lake", "l", "lake"),
            new("Analytics", "/console/analytics", "a", "analytics"),
            new("SQL", "/console/sql", "s", "sql"),
            new("Notebooks", "/console/notebooks", "n", "notebook"),
        ]),
        new("Work",
        [
            new("Workflows", "/console/workflows", "w", "workflow"),
            new("Dead letters", "/console/dead-letters", "d", "dead"),
        ]),
        new("Telemetry",
        [
            new("Traces", "/console/traces", "r", "trace"),
            new("Logs", "/console/logs", "j", "log"),
        ]),
    ];
}

/// <summary>Pages under a title.</summary>
internal sealed record NavigationGroup(string? Title, IReadOnlyList<NavigationPage> Pages);

/// <summary>A page with the key that leads there after <c>g</c>.</summary>
internal sealed record NavigationPage(string Title, string Path, string Key, string Icon)
{
    /// <summary>Whether a path is this page or below it.</summary>
    public bool IsCurrent(PathString path) => Path == "/" ? path == "/" : path.StartsWithSegments(Path, StringComparison.Ordinal);
}
