using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Lake;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>
/// Forgets runs beyond <see cref="WorkflowsOptions.RunRetention"/>, and deletes what they staged in the lake: all below a prefix <c>run=&lt;id&gt;</c> of
/// theirs.
/// </summary>
internal sealed class RunPurger(
    IRunPurge purge, PinnedDefinitions definitions, IWorkflowCatalog catalog, Templates templates, IObjectStore lake,
    IOptions<WorkflowsOptions> options, TimeProvider time,
    ILogger<RunPurger> logger)
{
    private const int Batch = 20;
    private const int DeleteBatch = 500;

    /// <summary>Forgets what is due.</summary>
    /// <returns>How many runs.</returns>
    public async Task<int> PurgeAsync(CancellationToken cancellationToken)
    {
        if (options.Value.RunRetention == TimeSpan.Zero)
            return 0;
        var before = time.GetUtcNow() - options.Value.RunRetention;
        var purged = 0;
        int some;
        do
        {
            some = await purge.PurgeAsync(before, Batch, run => DeleteFilesAsync(run, cancellationToken), cancellationToken);
            purged += some;
        }
        while (some == Batch);
        await purge.PurgeDefinitionsAsync(before, [.. catalog.Entries.Select(e => e.Definition?.Version).OfType<string>()], cancellationToken);
        if (purged > 0)
            Log.Purged(logger, purged, before);
        return purged;
    }

    private async Task DeleteFilesAsync(PurgedRun run, CancellationToken cancellationToken)
    {
        foreach (var prefix in await PrefixesAsync(run, cancellationToken))
        {
            var batch = new List<ObjectPath>();
            await foreach (var file in lake.ListAsync(prefix, null, cancellationToken))
            {
                batch.Add(file.Path);
                if (batch.Count < DeleteBatch)
                    continue;
                await lake.DeleteAsync(batch, cancellationToken);
                batch = [];
            }

            if (batch.Count > 0)
                await lake.DeleteAsync(batch, cancellationToken);
        }
    }

    /// <summary>Where its tasks recorded files, and where tries may have left some that nobody recorded.</summary>
    private async Task<IReadOnlyCollection<ObjectPath>> PrefixesAsync(PurgedRun run, CancellationToken cancellationToken)
    {
        var folder = string.Create(CultureInfo.InvariantCulture, $"run={run.Facts.Id}");
        var prefixes = new HashSet<ObjectPath>();
        foreach (var file in run.Files)
        {
            var segments = file.Split('/');
            if (Array.IndexOf(segments, folder) is var at and >= 0 && ObjectPath.TryParse(string.Join('/', segments[..(at + 1)]), out var prefix))
                prefixes.Add(prefix);
        }

        foreach (var task in await TasksAsync(run, cancellationToken))
        {
            if (ObjectPath.TryParse($"workflows/{run.Facts.Workflow}/{task.Name}/{folder}", out var usual))
                prefixes.Add(usual);
            if (Target(task, run.Facts) is { } target && ObjectPath.TryParse($"{target.Trim('/')}/{folder}", out var own))
                prefixes.Add(own);
        }

        return prefixes;
    }

    private async Task<IReadOnlyList<TaskDefinition>> TasksAsync(PurgedRun run, CancellationToken cancellationToken)
    {
        try
        {
            return (await definitions.GetAsync(run.Facts.Workflow, run.Version, cancellationToken)).Tasks;
        }
        catch (TerminalException e)
        {
            // A definition that this program does not understand any more: what was recorded is deleted, what a failed try may have left stays.
            Log.PurgeIncomplete(logger, run.Facts.Id, e.Message);
            return [];
        }
    }

    private string? Target(TaskDefinition task, RunFacts run)
    {
        if (task.Settings["to"] is not JsonValue to || !to.TryGetValue<string>(out _))
            return null;
        try
        {
            return (string?)templates.Fill(new JsonObject { ["to"] = to.DeepClone() }, run).Settings["to"];
        }
        catch (TerminalException e)
        {
            Log.PurgeIncomplete(logger, run.Id, e.Message);
            return null;
        }
    }
}
