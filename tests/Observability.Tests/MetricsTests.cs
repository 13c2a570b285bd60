using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Observability.Tests.Domain;
using Pipeline.Testing;

namespace Pipeline.Observability.Tests;

[Collection(PipelineHost.Collection)]
public sealed partial class MetricsTests(PipelineHost host) : IAsyncLifetime
{
    private static readonly string[] _prometheusLabels = ["job", "instance", "le"];

    /// <summary>What needs trouble to have values: their labels are looked at where they come from, in the code.</summary>
    private static readonly string[] _rare = ["pipeline_lake_conflicts_total"];

    private List<PrometheusReader.Family> _told = [];

    public async Task InitializeAsync()
    {
        await host.Http.GetStringAsync("/metrics");
        using var put = await host.SendAsync(HttpMethod.Put, "/SendEvent", PipelineHost.Event("u-1"));
        using var post = await host.PostAsync("/PurchasedItems", $"[{PipelineHost.Order("o-1")}]");
        using var refused = await host.PostAsync("/PurchasedItems", "[]");
        using var run = await host.PostAsync("/workflows/broken/runs", "{}");
        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.BadRequest], [put.StatusCode, post.StatusCode, refused.StatusCode]);
        Assert.True(run.IsSuccessStatusCode, await run.Content.ReadAsStringAsync());
        await Eventually.TrueAsync(async () =>
        {
            _told = PrometheusReader.Read(await host.Http.GetStringAsync("/metrics"));
            return ((string[])["pipeline_lake_table_rows", "pipeline_purchases_landed_rows_total", "pipeline_events_stored_total", "pipeline_workflows_runs_total", "pipeline_group_lag"])
                .All(name => _told.Any(f => f.Name == name && f.Samples.Count > 0));
        });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Metrics_OfTheWholeProgram_AreInPrometheusFormatWithBoundedLabels()
    {
        using var response = await host.Http.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(8, Family("pipeline_group_lag").Samples.Count);
        Assert.All(Family("pipeline_group_lag").Samples, s => Assert.Equal(["group", "partition", "topic"], s.Labels.Select(l => l.Key).Order()));
        Assert.True(Assert.Single(Family("pipeline_lake_table_rows").Samples, s => s.Labels.Contains(new("table", "raw/purchased_items"))).Value >= 1);
        Assert.Contains(Family("http_server_request_duration_seconds").Samples, s => s.Labels.Contains(new("http_route", "/SendEvent")) && s.Labels.Contains(new("http_response_status_code", "202")));
        Assert.Contains(Family("pipeline_ingestion_requests_rejected_total").Samples, s => s.Labels.Contains(new("reason", "Invalid")) && s.Value >= 1);
        Assert.True(Family("pipeline_lake_commit_size_bytes").Samples.Single(s => s.Name.EndsWith("_sum", StringComparison.Ordinal)).Value > 0);
        Assert.Contains(Family("dotnet_process_memory_working_set_bytes").Samples, s => s.Value > 1 << 20);
        Assert.Contains(Family("pipeline_workflows_runs_total").Samples, s => s.Labels.Contains(new("state", "failed")) && s.Labels.Contains(new("workflow", "broken")));

        // Nobody's ids are labels: series would be as many as users.
        Assert.DoesNotContain(_told.SelectMany(f => f.Samples).SelectMany(s => s.Labels), l => l.Value is "u-1" or "o-1" || l.Key.Contains("user", StringComparison.Ordinal));
        Assert.All(_told, f => Assert.True(f.Samples.Count < 5_000));
    }

    [Fact]
    public void Dashboard_Expressions_NameMeasurementsAndLabelsThatAreTold()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Deployed("pipeline.json")));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToArray();
        Assert.Equal(panels.Length, panels.Select(p => p.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Equal(panels.Length, panels.Select(p => p.GetProperty("title").GetString()).Distinct().Count());
        var targets = panels.SelectMany(p => p.GetProperty("targets").EnumerateArray()).ToArray();
        Assert.NotEmpty(targets);
        foreach (var target in targets)
        {
            Check(target.GetProperty("expr").GetString()!);
            var grouped = GroupedBy(target.GetProperty("expr").GetString()!);
            Assert.All(LegendLabel().Matches(target.GetProperty("legendFormat").GetString()!).Select(m => m.Groups[1].Value), label => Assert.Contains(label, grouped));
        }

        foreach (var variable in dashboard.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray().Where(v => v.GetProperty("type").GetString() == "query"))
            Check(variable.GetProperty("definition").GetString()!["label_values(".Length..].Split(", ")[0]);
    }

    [Fact]
    public void Alerts_Expressions_NameMeasurementsAndLabelsThatAreTold()
    {
        var rules = AlertRule().Matches(File.ReadAllText(Deployed("alerts.yaml")));
        Assert.True(rules.Count >= 10);
        foreach (Match rule in rules)
        {
            Check(rule.Groups["expr"].Value);
            var grouped = GroupedBy(rule.Groups["expr"].Value);
            Assert.All(AlertLabel().Matches(rule.Groups["rest"].Value).Select(m => m.Groups[1].Value), label => Assert.Contains(label, grouped));
            Assert.Contains("summary:", rule.Groups["rest"].Value, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Check_OfWhatIsNotTold_Fails()
    {
        Assert.ThrowsAny<Exception>(() => Check("rate(pipeline_nothing_total[1m])"));
        Assert.ThrowsAny<Exception>(() => Check("pipeline_group_lag{queue=\"x\"}"));
        Assert.ThrowsAny<Exception>(() => Check("sum by (queue) (pipeline_group_lag)"));
        Assert.ThrowsAny<Exception>(() => Check("sum(pipeline_group_lag"));
    }

    private PrometheusReader.Family Family(string name) => _told.Single(f => f.Name == name);

    /// <summary>Whether an expression's measurements are told, with the labels that it selects and groups by.</summary>
    private void Check(string expression)
    {
        Assert.Equal(expression.Count(c => c == '('), expression.Count(c => c == ')'));
        var selectors = Selector().Matches(Grouping().Replace(expression, ""));
        Assert.NotEmpty(selectors);
        var labels = new HashSet<string>(_prometheusLabels, StringComparer.Ordinal);
        foreach (Match selector in selectors)
        {
            var family = _told.SingleOrDefault(f => f.Name == selector.Groups["name"].Value
                || (f.Type == "histogram" && selector.Groups["name"].Value is var n && (n == f.Name + "_bucket" || n == f.Name + "_sum" || n == f.Name + "_count")));
            Assert.True(family is not null, $"{selector.Groups["name"].Value} is not told");
            Assert.True(family.Samples.Count > 0 || _rare.Contains(family.Name), $"{family.Name} has no values");
            var own = family.Samples.SelectMany(s => s.Labels).Select(l => l.Key).Concat(_prometheusLabels).ToHashSet();
            foreach (var label in MatcherLabel().Matches(selector.Groups["matchers"].Value).Select(m => m.Groups[1].Value))
                Assert.True(own.Contains(label), $"{family.Name} has no label {label}");
            labels.UnionWith(own);
        }

        Assert.All(GroupedBy(expression), label => Assert.Contains(label, labels));
    }

    private static string[] GroupedBy(string expression) =>
        [.. Grouping().Matches(expression).SelectMany(m => m.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct()];

    private static string Deployed(string file) => Path.Combine(AppContext.BaseDirectory, "deploy", "grafana", file);

    [GeneratedRegex(@"(?<name>\b(?:pipeline|http|dotnet|kestrel)_[a-z0-9_]+\b)(?!\s*=)(?:\{(?<matchers>[^}]*)\})?")]
    private static partial Regex Selector();

    [GeneratedRegex(@"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)\s*""")]
    private static partial Regex MatcherLabel();

    [GeneratedRegex(@"\b(?:by|on)\s*\(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\{\{([a-z_]+)\}\}")]
    private static partial Regex LegendLabel();

    [GeneratedRegex(@"\$labels\.([a-z_]+)")]
    private static partial Regex AlertLabel();

    [GeneratedRegex(@"- alert: \w+\n\s+expr:(?: >-)?\s(?<expr>.*?)\n\s+(?=for:|labels:)(?<rest>.*?)(?=\n\n|\z)", RegexOptions.Singleline)]
    private static partial Regex AlertRule();
}
