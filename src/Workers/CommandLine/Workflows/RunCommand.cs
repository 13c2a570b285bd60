using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Pipeline.Workers.CommandLine.Api;
using Pipeline.Workflows.Contracts;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine.Workflows;

/// <summary>The command <c>workflow run</c>: starts a run, follows it, shows what came of it.</summary>
internal static class RunCommand
{
    public static Command Create(Consoles consoles, TimeProvider time)
    {
        var name = WorkflowCommands.Name();
        var parameters = WorkflowCommands.Parameters();
        var date = new Option<string?>("--date") { Description = "The moment that the run is for, as 2026-01-31T00:00:00Z; now by default.", HelpName = "MOMENT" };
        var detach = new Option<bool>("--detach", "-d") { Description = "Do not wait for the end of the run." };
        var rows = new Option<int>("--rows") { Description = "How many rows to show of what each last task left.", HelpName = "N", DefaultValueFactory = _ => 5 }.Within(0, 1_000);
        var (url, json) = (OptionParsing.Url(), WorkflowCommands.Json());
        var command = new Command("run", "Run a workflow now and show what came of it. Ctrl-C stops the waiting, not the run.") { name, parameters, date, detach, rows, url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var body = new StartBody(WorkflowCommands.Parameters(parsed.GetValue(parameters)), parsed.GetValue(date));
            var answer = await api.PostAsync($"/workflows/{Uri.EscapeDataString(parsed.GetValue(name)!)}/runs", JsonSerializer.Serialize(body, WorkflowsJson.Default.StartBody), cancellationToken);
            var started = answer.Deserialize(WorkflowsJson.Default.RunSummary)!;
            if (parsed.GetValue(detach))
            {
                consoles.WriteRaw(parsed.GetValue(json) ? answer.GetRawText() : $"Run {started.Id} of {started.Workflow} has started; pipeline workflow show {started.Id} tells how far it is.");
                return ExitCode.Ok;
            }

            var follower = new RunFollower(api, started.Id, time);
            var end = follower.EndAsync(cancellationToken);
            await Consoles.ShowWhileAsync(parsed.GetValue(json) ? consoles.Error : consoles.Out, time, () => RunTables.Progress(follower.Latest), end);
            var run = await end;
            if (parsed.GetValue(json))
            {
                consoles.WriteRaw((await follower.GetAsync(cancellationToken)).GetRawText());
            }
            else
            {
                await ShowRowsAsync(api, run, parsed.GetValue(rows), consoles, cancellationToken);
                consoles.Out.Write(RunTables.Tasks(run));
                consoles.Out.WriteLine(RunTables.Sentence(run.Run));
            }

            return run.Run.State == RunState.Succeeded ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    /// <summary>The tasks that left something of which no later one made something: the results of the run.</summary>
    private static IEnumerable<RunTask> Results(RunDetails run)
    {
        // Tasks come after those that they wait for: from the end on, what is behind each is known.
        var read = new HashSet<string>(StringComparer.Ordinal);
        foreach (var task in run.Tasks.Reverse())
        {
            if (task.Before.Any(next => read.Contains(next) || run.Tasks.Any(t => t.Name == next && t.Output is not null)))
                read.Add(task.Name);
        }

        return run.Tasks.Where(t => t.State == TaskState.Succeeded && t.Output is not null && !read.Contains(t.Name));
    }

    private static async Task ShowRowsAsync(ApiClient api, RunDetails run, int limit, Consoles consoles, CancellationToken cancellationToken)
    {
        if (limit == 0)
            return;
        foreach (var task in Results(run))
        {
            var answer = await api.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/runs/{run.Run.Id}/tasks/{task.Name}/rows?limit={limit}"), cancellationToken);
            consoles.Out.WriteLine($"{task.Name}: {task.Output}");
            if (answer.GetProperty(nameof(TaskRows.Rows)) is var rows && rows.GetArrayLength() > 0)
                consoles.Out.Write(Grids.OfRows(rows));
            else
                consoles.Out.WriteLine("  no rows");
        }
    }
}
