using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.Query.Contracts;

namespace Pipeline.Query;

/// <summary>The spans and the meter of the module.</summary>
internal static class QueryTelemetry
{
    public const string Name = "Pipeline.Query";

    private static readonly ActivitySource _source = new(Name);

    private static readonly Meter _meter = new(Name);

    private static readonly Histogram<double> _duration =
        _meter.CreateHistogram<double>("pipeline.query.duration", "s", "Time that a statement ran, by engine and outcome.");

    private static readonly Counter<long> _rows = _meter.CreateCounter<long>("pipeline.query.rows", "{row}", "Rows given to people, by engine.");

    /// <summary>The span of a statement; without its text, which may hold data.</summary>
    public static Activity? Start(QueryEngine engine, bool isExport)
    {
        var activity = _source.StartActivity(isExport ? "sql export" : "sql");
        activity?.SetTag("engine", Text(engine));
        return activity;
    }

    public static void Ended(Activity? activity, QueryEngine engine, SqlError? error, long rows, TimeSpan elapsed)
    {
        var tag = new KeyValuePair<string, object?>("engine", Text(engine));
        _duration.Record(elapsed.TotalSeconds, tag, new KeyValuePair<string, object?>("outcome", error?.Kind.ToString() ?? "Ok"));
        _rows.Add(rows, tag);
        activity?.SetTag("rows", rows);
        if (error is not null)
            activity?.SetStatus(ActivityStatusCode.Error, error.Kind.ToString());
    }

    private static string Text(QueryEngine engine) => engine == QueryEngine.Lake ? "lake" : "warehouse";
}
