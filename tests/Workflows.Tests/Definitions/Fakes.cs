using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Definitions;

namespace Pipeline.Workflows.Tests.Definitions;

/// <summary>Reads definitions as the catalog does, with kinds that find nothing wrong but what a test says.</summary>
internal static class Definitions
{
    private static readonly string[] _kinds = ["extract", "sql", "load", "check", "operation"];

    public static async Task<(WorkflowDefinition? Definition, IReadOnlyList<DefinitionFault> Faults)> ReadAsync(string yaml, string name = "shop", params ITaskKind[] kinds)
    {
        var schema = await DefinitionSchema.LoadAsync(CancellationToken.None);
        var all = kinds.Concat(_kinds.Where(k => kinds.All(given => given.Name != k)).Select(k => new AnyKind(k)));
        var reader = new DefinitionReader(schema, new EveryMinute(), all);
        var definition = reader.Read(name, new Dictionary<string, string> { ["workflow.yaml"] = yaml }, out var faults);
        return (definition, faults);
    }
}

/// <summary>A slot each minute, whatever the expression.</summary>
internal sealed class EveryMinute : ISchedules
{
    public string? Check(Schedule schedule) => schedule.Cron == "bad" ? "'bad' is no cron expression." : null;

    public DateTimeOffset? Next(Schedule schedule, DateTimeOffset after) => after.AddMinutes(1);
}

/// <summary>A kind of task that takes any settings.</summary>
internal sealed class AnyKind(string name, params TaskFault[] faults) : ITaskKind
{
    public string Name => name;

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, TaskDefinition task) => faults;

    public Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken) => Task.FromResult(new TaskResult());
}
