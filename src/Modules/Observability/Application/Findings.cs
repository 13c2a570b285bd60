using System.Globalization;
using Pipeline.Observability.Contracts;

namespace Pipeline.Observability.Application;

/// <summary>Says what is not well, why, and what to do.</summary>
internal static class Findings
{
    /// <summary>More data files than this, and smaller ones than <see cref="SmallFile"/>, make a table slow.</summary>
    private const int ManyFiles = 200;

    private const long SmallFile = 1 << 20;
    private const long Mebibyte = 1 << 20;
    private const int Minutes = 5;

    /// <summary>A part of all requests that is worth knowing.</summary>
    private const double ManyErrors = 0.01;

    /// <summary>Everything that is not well, the worst first.</summary>
    public static IReadOnlyList<Finding> Find(LiveFigures figures, LiveState state, int errorLines, ObservabilityOptions options, DateTimeOffset now)
    {
        var found = new List<Finding>();
        AddStores(found, state, now);
        foreach (var group in figures.Groups)
            AddGroup(found, group, options);
        foreach (var topic in figures.Topics.Where(t => t is { DeadLetters: true, Records: > 0 }))
            AddDeadLetters(found, topic);
        AddRequests(found, figures);
        AddTables(found, figures);
        if (state.Lake?.FreeBytes is { } free && free < options.LeastFreeBytes)
        {
            found.Add(new Finding(
                free < options.LeastFreeBytes / 4 ? FindingSeverity.Error : FindingSeverity.Warning, "disk", $"The lake's disk has only {Number(free / Mebibyte)} MiB of room left.",
                "Make room on the disk, or vacuum tables; when it is full, nothing can be landed or accepted."));
        }

        if (errorLines > 0)
        {
            found.Add(new Finding(
                FindingSeverity.Warning, "log records", $"{Count(errorLines, "log record")} of level Error in the last {Minutes} minutes.",
                "Look at the logs of level Error: each says what failed and why."));
        }

        return [.. found.OrderByDescending(f => f.Severity)];
    }

    private static void AddStores(List<Finding> found, LiveState state, DateTimeOffset now)
    {
        if (state.LogTrouble is { } logTrouble)
        {
            found.Add(new Finding(
                FindingSeverity.Error, "log", $"The log does not answer: {Sentence(logTrouble)}",
                "See GET /health and PostgreSQL's own log; requests are refused with 503 until it is back, and nothing accepted is lost."));
        }
        else if (state.LogAt is { } at && now - at > TimeSpan.FromSeconds(30))
        {
            found.Add(new Finding(
                FindingSeverity.Warning, "log", $"The log was looked at {Seconds((now - at).TotalSeconds)} ago: a look takes too long.", "See whether PostgreSQL or the machine is overloaded."));
        }

        if (state.LakeTrouble is { } lakeTrouble)
        {
            found.Add(new Finding(
                FindingSeverity.Error, "lake", $"The lake cannot be read: {Sentence(lakeTrouble)}", "See GET /health, and whether the folder or the object store can be reached."));
        }
    }

    private static void AddGroup(List<Finding> found, GroupFigures group, ObservabilityOptions options)
    {
        var subject = $"group {group.Group}";
        if (group is { Members: 0, Lag: > 0 } && group.BehindSeconds > options.LongestBehind.TotalSeconds)
        {
            found.Add(new Finding(
                FindingSeverity.Error, subject, $"{Count(group.Lag, "record")} of topic {group.Topic} wait, the oldest for {Seconds(group.BehindSeconds)}, and no worker reads them.",
                "Start a worker: dotnet run --project src/Workers -- run, on the same warehouse and lake."));
        }
        else if (group.BehindSeconds > options.LongestBehind.TotalSeconds)
        {
            var stuck = group.PerSecond <= 0;
            found.Add(new Finding(
                stuck ? FindingSeverity.Error : FindingSeverity.Warning, subject,
                stuck
                    ? $"It stands still: {Count(group.Lag, "record")} of topic {group.Topic} wait, the oldest for {Seconds(group.BehindSeconds)}."
                    : $"It is {Seconds(group.BehindSeconds)} behind topic {group.Topic}: {Count(group.Lag, "record")} wait, {Number(group.PerSecond)} a second are taken.",
                stuck ? "Look at the logs of level Warning and above for why; it goes on by itself when the cause is gone." : "It catches up if fewer come than it takes; else start one more worker."));
        }
    }

    private static void AddDeadLetters(List<Finding> found, TopicFigures topic) => found.Add(new Finding(
        topic.Added > 0 ? FindingSeverity.Warning : FindingSeverity.Notice, $"topic {topic.Name}",
        topic.Added > 0
            ? $"{Count(topic.Added, "dead letter")} in the last {Minutes} minutes, {Number(topic.Records)} in all: records that a consumer could not take."
            : $"{Count(topic.Records, "dead letter")}: records that a consumer could not take.",
        "Look at their reasons; replay them after a fix, or discard them."));

    private static void AddRequests(List<Finding> found, LiveFigures figures)
    {
        var requests = figures.Requests;
        if (requests.ErrorsPerSecond > 0 && requests.ErrorsPerSecond >= requests.PerSecond * ManyErrors)
        {
            found.Add(new Finding(
                FindingSeverity.Error, "requests", $"{Number(requests.ErrorsPerSecond)} of {Number(requests.PerSecond)} requests a second are answered with status 500 and above.",
                "Look at the traces with errors and the logs of level Error."));
        }

        foreach (var refused in figures.Rejected.Where(r => r.Recent > 0))
        {
            found.Add(new Finding(
                refused.Reason is "Unavailable" or "TooManyRequests" ? FindingSeverity.Warning : FindingSeverity.Notice, "requests",
                $"{Count(refused.Recent, "request")} of the last {Minutes} minutes refused: {refused.Reason}.",
                $"GET /ingestion/rejected?reason={refused.Reason} shows the newest of them with what was wrong."));
        }
    }

    private static void AddTables(List<Finding> found, LiveFigures figures)
    {
        var small = figures.Tables.Where(t => t.Files > ManyFiles && t.Bytes / t.Files < SmallFile).ToArray();
        if (small.Length > 0)
        {
            found.Add(new Finding(
                FindingSeverity.Notice, $"table {small[0].Name}",
                $"{Number(small[0].Files)} files of {Number(small[0].Bytes / small[0].Files / 1024)} KiB on average" + (small.Length > 1 ? $", and {Count(small.Length - 1, "more table")} like it." : "."),
                "Compact it; queries open every file."));
        }
    }

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";

    private static string Count(long count, string thing) => count == 1 ? $"1 {thing}" : $"{Number(count)} {thing}s";

    private static string Number(double value) => value.ToString(value >= 10 ? "N0" : "0.##", CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => seconds < 120 ? $"{Number(Math.Round(seconds))} s" : $"{Number(Math.Round(seconds / 60))} min";
}
