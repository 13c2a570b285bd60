using System.CommandLine;
using Pipeline.Workflows.Contracts;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine.Workflows;

/// <summary>The command <c>workflow validate</c>: needs no other program, for editors and builds.</summary>
internal static class ValidateCommand
{
    public static Command Create(Consoles consoles)
    {
        var folder = new Argument<string>("FOLDER") { Description = "The folder with one folder for each workflow.", DefaultValueFactory = _ => "workflows" };
        var json = WorkflowCommands.Json();
        var command = new Command("validate", "Check the files of workflows; says file, line and field of each fault. Needs no Pipeline that runs.") { folder, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var workflows = await OfflineHost.SendAsync(null, new CheckWorkflows(parsed.GetValue(folder)!), cancellationToken);
            var faulty = workflows.Count(w => w.Faults.Count > 0);
            if (parsed.GetValue(json))
            {
                consoles.WriteJson([.. workflows], WorkflowsJson.Default.ListCheckedWorkflow);
            }
            else
            {
                foreach (var workflow in workflows)
                {
                    if (workflow.Faults.Count == 0)
                        consoles.Out.WriteLine($"{workflow.Name}: {workflow.Tasks} tasks, no fault.");
                    foreach (var fault in workflow.Faults)
                        consoles.Out.WriteLine($"{workflow.Name}/{fault.File}:{fault.Line}: {(fault.Field.Length == 0 ? "" : fault.Field + ": ")}{fault.Message}");
                }

                if (workflows.Count == 0)
                    consoles.Out.WriteLine($"There are no workflows in {parsed.GetValue(folder)}: a folder in it with a workflow.yaml is one.");
            }

            return faulty == 0 ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }
}
