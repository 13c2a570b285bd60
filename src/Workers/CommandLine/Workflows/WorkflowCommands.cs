using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Pipeline.Workers.CommandLine.Api;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine.Workflows;

/// <summary>The commands <c>workflow ...</c>: what the API of a Pipeline that runs tells of workflows, and what it is to do.</summary>
internal static class WorkflowCommands
{
    public static Command Create(Consoles consoles, TimeProvider time) => new("workflow", "List, run and follow workflows.")
    {
        List(consoles),
        ValidateCommand.Create(consoles),
        RunCommand.Create(consoles, time),
        Runs(consoles),
        Show(consoles),
        Logs(consoles, time),
        BackfillCommand.Create(consoles, time),
        OfRun("cancel", "End a run early.", "cancel", consoles),
        OfRun("retry", "Run what failed in a run once more, with what comes after it.", "retry", consoles),
        OfWorkflow("pause", "Keep a schedule from starting runs.", "pause", consoles),
        OfWorkflow("resume", "Let a schedule start runs again.", "resume", consoles),
    };

    private static Command List(Consoles consoles)
    {
        var (url, json) = (OptionParsing.Url(), Json());
        var command = new Command("list", "List the workflows with their next and last runs.") { url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var answer = await api.GetAsync("/workflows", cancellationToken);
            if (parsed.GetValue(json))
            {
                consoles.WriteRaw(answer.GetRawText());
                return ExitCode.Ok;
            }

            var workflows = answer.Deserialize(WorkflowsJson.Default.ListWorkflowSummary)!;
            if (workflows.Count == 0)
            {
                consoles.Out.WriteLine("No workflows: a folder workflows/NAME with a workflow.yaml makes one.");
                return ExitCode.Ok;
            }

            var grid = Grids.Create("workflow", "schedule", "next", "last run", "what it is for");
            foreach (var workflow in workflows)
            {
                var schedule = workflow.Schedule is { } given ? $"{given.Cron} {given.TimeZone}{(workflow.Paused ? ", paused" : "")}" : "by hand";
                var last = workflow.LastRun is { } run ? $"{run.Id} {RunTables.Word(run.State)}" : "";
                grid.AddRow(Grids.Cells(workflow.Name, schedule, Grids.Moment(workflow.NextSlot), last, workflow.Faults.Count == 0 ? workflow.Description : "Faulty: " + workflow.Faults[0]));
            }

            consoles.Out.Write(grid);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Runs(Consoles consoles)
    {
        var (name, url, json) = (Name(), OptionParsing.Url(), Json());
        var limit = new Option<int>("--limit") { Description = "Runs at most.", HelpName = "N", DefaultValueFactory = _ => 20 }.Within(1, 1_000);
        var state = new Option<string?>("--state") { Description = "Only in this state: queued, running, succeeded, failed, cancelled, timed_out.", HelpName = "STATE" };
        var command = new Command("runs", "List the runs of a workflow, newest first.") { name, limit, state, url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var query = string.Create(CultureInfo.InvariantCulture, $"?limit={parsed.GetValue(limit)}") + (parsed.GetValue(state) is { } wanted ? $"&state={Uri.EscapeDataString(wanted)}" : "");
            var answer = await api.GetAsync($"/workflows/{Uri.EscapeDataString(parsed.GetValue(name)!)}/runs{query}", cancellationToken);
            if (parsed.GetValue(json))
                consoles.WriteRaw(answer.GetRawText());
            else if (answer.GetArrayLength() == 0)
                consoles.Out.WriteLine($"No runs; pipeline workflow run {parsed.GetValue(name)} starts one.");
            else
                consoles.Out.Write(RunTables.Runs(answer.Deserialize(WorkflowsJson.Default.ListRunSummary)!));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show(Consoles consoles)
    {
        var (id, url, json) = (Id(), OptionParsing.Url(), Json());
        var command = new Command("show", "Show a run: its tasks, rows, errors.") { id, url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var answer = await api.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/runs/{parsed.GetValue(id)}"), cancellationToken);
            if (parsed.GetValue(json))
            {
                consoles.WriteRaw(answer.GetRawText());
                return ExitCode.Ok;
            }

            var run = answer.Deserialize(WorkflowsJson.Default.RunDetails)!;
            consoles.Out.WriteLine(RunTables.Sentence(run.Run));
            consoles.Out.Write(RunTables.Tasks(run));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Logs(Consoles consoles, TimeProvider time)
    {
        var (id, url, json) = (Id(), OptionParsing.Url(), Json());
        var task = new Option<string?>("--task") { Description = "Only of this task.", HelpName = "TASK" };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with new lines until the run ends." };
        var command = new Command("logs", "Print the log of a run.") { id, task, follow, url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var follower = new RunFollower(api, parsed.GetValue(id), time);
            await foreach (var line in follower.LinesAsync(parsed.GetValue(task), parsed.GetValue(follow), cancellationToken))
            {
                if (parsed.GetValue(json))
                    consoles.WriteRaw(line.GetRawText());
                else
                    consoles.Out.WriteLine(RunTables.Line(line.Deserialize(WorkflowsJson.Default.RunLogLine)!));
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command OfRun(string name, string description, string route, Consoles consoles)
    {
        var (id, url, json) = (Id(), OptionParsing.Url(), Json());
        var command = new Command(name, description) { id, url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var answer = await api.PostAsync(string.Create(CultureInfo.InvariantCulture, $"/runs/{parsed.GetValue(id)}/{route}"), null, cancellationToken);
            consoles.WriteRaw(parsed.GetValue(json) ? answer.GetRawText() : $"Run {parsed.GetValue(id)}: {name} is under way.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command OfWorkflow(string name, string description, string route, Consoles consoles)
    {
        var (workflow, url, json) = (Name(), OptionParsing.Url(), Json());
        var command = new Command(name, description) { workflow, url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var answer = await api.PostAsync($"/workflows/{Uri.EscapeDataString(parsed.GetValue(workflow)!)}/{route}", null, cancellationToken);
            consoles.WriteRaw(parsed.GetValue(json) ? answer.GetRawText() : $"Workflow {parsed.GetValue(workflow)}: {name}d.");
            return ExitCode.Ok;
        });
        return command;
    }

    internal static Argument<string> Name() => new("NAME") { Description = "The workflow." };

    internal static Argument<long> Id() => new("RUN") { Description = "The number of the run." };

    internal static Option<bool> Json() => new("--json") { Description = "Print JSON, for scripts." };

    internal static Option<string[]> Parameters()
    {
        var option = new Option<string[]>("--param", "-p") { Description = "A parameter of the workflow; may be given again.", HelpName = "NAME=VALUE", AllowMultipleArgumentsPerToken = false };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) < 1))
                result.AddError($"--param needs NAME=VALUE, not '{token.Value}'.");
        });
        return option;
    }

    /// <summary>The parameters given; of one name the last counts.</summary>
    internal static Dictionary<string, string> Parameters(string[]? given)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in given ?? [])
            parameters[pair[..pair.IndexOf('=', StringComparison.Ordinal)]] = pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return parameters;
    }
}
