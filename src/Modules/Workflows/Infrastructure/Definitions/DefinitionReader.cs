using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Infrastructure.Definitions;

/// <summary>Turns the files of a workflow into its definition, or into all that is wrong with them.</summary>
internal sealed partial class DefinitionReader(DefinitionSchema schema, ISchedules schedules, IEnumerable<ITaskKind> kinds)
{
    /// <summary>The file that declares a workflow.</summary>
    public const string FileName = "workflow.yaml";

    private readonly Dictionary<string, ITaskKind> _kinds = kinds.ToDictionary(k => k.Name, StringComparer.Ordinal);

    /// <summary>Reads a definition; null where there are faults.</summary>
    /// <param name="name">The folder's name.</param>
    /// <param name="files">Its text files, by their path.</param>
    /// <param name="faults">What is wrong; empty where nothing is.</param>
    public WorkflowDefinition? Read(string name, IReadOnlyDictionary<string, string> files, out IReadOnlyList<DefinitionFault> faults)
    {
        var found = new List<DefinitionFault>();
        faults = found;
        if (!Names().IsMatch(name) || name.Length > 100)
        {
            found.Add(new DefinitionFault(FileName, 1, "", $"The folder's name '{name}' must be of a-z, 0-9 and -, at most 100 characters."));
            return null;
        }

        YamlTree tree;
        try
        {
            tree = YamlTree.Read(files[FileName]);
        }
        catch (YamlFaultException e)
        {
            found.Add(new DefinitionFault(FileName, e.Line, "", e.Message));
            return null;
        }

        if (tree.Root is not JsonObject root)
        {
            found.Add(new DefinitionFault(FileName, 1, "", "The file must be a mapping with at least `tasks`."));
            return null;
        }

        found.AddRange(schema.Check(root).Select(f => new DefinitionFault(FileName, tree.LineOf(f.Field), f.Field, f.Message)));
        if (found.Count > 0)
            return null;
        var reading = new Reading(root, tree, found);
        var definition = reading.Workflow(name, VersionOf(files), files);
        CheckSchedule(definition, tree, found);
        if (definition.Tasks.Count > 0)
            CheckTasks(definition, tree, found);
        return found.Count == 0 ? definition : null;
    }

    /// <summary>SHA-256 over the paths and texts of all files, in the order of their paths.</summary>
    private static string VersionOf(IReadOnlyDictionary<string, string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (path, text) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{path.Length}:{path}{text.Length}:")));
            hash.AppendData(Encoding.UTF8.GetBytes(text));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void CheckSchedule(WorkflowDefinition definition, YamlTree tree, List<DefinitionFault> faults)
    {
        if (definition.Schedule is not { } schedule)
            return;
        if (schedules.Check(schedule) is { } fault)
            faults.Add(new DefinitionFault(FileName, tree.LineOf("schedule.cron"), "schedule", fault));
        foreach (var (name, parameter) in definition.Parameters.Where(p => p.Value.Default is null))
            faults.Add(new DefinitionFault(FileName, tree.LineOf($"params.{name}"), $"params.{name}", "needs a default, as the schedule gives no values."));
    }

    private void CheckTasks(WorkflowDefinition definition, YamlTree tree, List<DefinitionFault> faults)
    {
        foreach (var task in definition.Tasks)
        {
            var field = $"tasks.{task.Name}.{task.Kind}";
            foreach (var (path, text) in Texts(task.Settings, field))
            {
                faults.AddRange(Templates.Check(text, [.. definition.Parameters.Keys])
                    .Select(message => new DefinitionFault(FileName, tree.LineOf(path), path, message)));
            }

            if (!_kinds.TryGetValue(task.Kind, out var kind))
            {
                faults.Add(new DefinitionFault(FileName, task.Line, field, $"'{task.Kind}' is no kind of task here."));
                continue;
            }

            foreach (var fault in kind.Check(definition, task))
            {
                var path = fault.Field.Length == 0 ? field : $"{field}.{fault.Field}";
                faults.Add(new DefinitionFault(FileName, tree.LineOf(path), path, fault.Message));
            }
        }
    }

    private static IEnumerable<(string Path, string Text)> Texts(JsonNode? node, string path) => node switch
    {
        JsonObject map => map.SelectMany(p => Texts(p.Value, $"{path}.{p.Key}")),
        JsonArray list => list.SelectMany((item, i) => Texts(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))),
        JsonValue value when value.TryGetValue<string>(out var text) => [(path, text)],
        _ => [],
    };

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    private static partial Regex Names();

    [GeneratedRegex("^[a-z][a-z0-9_]{0,99}$")]
    private static partial Regex TaskNames();

    /// <summary>One document that fits the schema.</summary>
    private sealed class Reading(JsonObject root, YamlTree tree, List<DefinitionFault> faults)
    {
        private static readonly string[] _common = ["description", "after", "retries", "timeout", "when"];

        public WorkflowDefinition Workflow(string name, string version, IReadOnlyDictionary<string, string> files)
        {
            if ((string?)root["name"] is { } given && given != name)
                Fault("name", $"is '{given}', but the folder's name is '{name}'; leave it out or make them one.");
            return new WorkflowDefinition
            {
                Name = name,
                Description = (string?)root["description"] ?? "",
                Version = version,
                Schedule = Schedule(),
                MaxActiveRuns = (int?)root["max_active_runs"] ?? 1,
                MaxParallelTasks = (int?)root["max_parallel_tasks"] ?? 4,
                Timeout = Duration(root, "timeout", "timeout"),
                Parameters = Parameters(),
                Retries = Retries(root, "retries") ?? RetryPolicy.None,
                Tasks = Tasks(),
                Files = files,
            };
        }

        private void Fault(string field, string message) => faults.Add(new DefinitionFault(FileName, tree.LineOf(field), field, message));

        private Schedule? Schedule()
        {
            if (root["schedule"] is not JsonObject schedule)
                return null;
            DateTimeOffset? start = null;
            if ((string?)schedule["start"] is { } text)
            {
                if (Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out var moment))
                    start = moment;
                else
                    Fault("schedule.start", "must be a moment with its zone, such as 2026-01-31T00:00:00Z.");
            }

            var onMissed = (string?)root["on_missed"] switch
            {
                "none" => OnMissed.None,
                "all" => OnMissed.All,
                _ => OnMissed.Last,
            };
            return new Schedule((string)schedule["cron"]!, (string?)schedule["time_zone"] ?? "UTC", (bool?)root["catchup"] ?? false, onMissed) { Start = start };
        }

        private TimeSpan? Duration(JsonObject around, string key, string field)
        {
            if ((string?)around[key] is not { } text)
                return null;
            if (Durations.TryParse(text) is not { } duration)
                Fault(field, $"'{text}' must be a length of time above zero, such as 90s, 5m, 1h30m, 2d, and at most ten years.");
            else
                return duration;
            return null;
        }

        private RetryPolicy? Retries(JsonObject around, string field)
        {
            if (around["retries"] is not JsonObject retries)
                return null;
            return new RetryPolicy((int)retries["count"]!, Duration(retries, "delay", field + ".delay") ?? TimeSpan.Zero, (double?)retries["backoff"] ?? 1);
        }

        private Dictionary<string, Parameter> Parameters()
        {
            var parameters = new Dictionary<string, Parameter>(StringComparer.Ordinal);
            foreach (var (name, value) in root["params"] as JsonObject ?? [])
            {
                if (!TaskNames().IsMatch(name) || name is "run_id" or "workflow" or "logical_date")
                    Fault($"params.{name}", "must be of a-z, 0-9 and _, start with a letter, and be none of run_id, workflow, logical_date.");
                parameters[name] = value is JsonObject given ? new Parameter(Text(given["default"]), (string?)given["description"] ?? "") : new Parameter(Text(value));
            }

            return parameters;

            static string? Text(JsonNode? value) => value switch
            {
                null => null,
                JsonValue json when json.TryGetValue<string>(out var text) => text,
                _ => value.ToJsonString(),
            };
        }

        private IReadOnlyList<TaskDefinition> Tasks()
        {
            var given = (JsonObject)root["tasks"]!;
            var tasks = new List<TaskDefinition>();
            foreach (var (name, value) in given)
            {
                if (Task(name, (JsonObject)value!, given) is { } task)
                    tasks.Add(task);
            }

            if (tasks.Count < given.Count || tasks.Any(t => t.After.Any(a => !given.ContainsKey(a))))
                return [];
            if (TaskGraph.Order(tasks, out var circle) is { } ordered)
                return ordered;
            Fault($"tasks.{circle[0]}.after", $"Tasks wait for each other in a circle: {string.Join(" after ", circle.Append(circle[0]))}.");
            return [];
        }

        private TaskDefinition? Task(string name, JsonObject task, JsonObject all)
        {
            var field = $"tasks.{name}";
            if (!TaskNames().IsMatch(name))
            {
                Fault(field, "A task's name must be of a-z, 0-9 and _, start with a letter, and have at most 100 characters.");
                return null;
            }

            var kinds = task.Select(p => p.Key).Except(_common).ToList();
            if (kinds.Count != 1)
            {
                Fault(field, kinds.Count == 0 ? "needs one of extract, sql, load, check, operation." : $"has {string.Join(" and ", kinds)}; a task does one thing.");
                return null;
            }

            string[] after = [.. (task["after"] as JsonArray ?? []).Select(a => (string)a!)];
            foreach (var unknown in after.Where(a => !all.ContainsKey(a)))
                Fault($"{field}.after", $"There is no task '{unknown}'.");
            return new TaskDefinition
            {
                Name = name,
                Kind = kinds[0],
                After = after,
                Retries = Retries(task, $"{field}.retries"),
                Timeout = Duration(task, "timeout", $"{field}.timeout"),
                When = (string?)task["when"],
                Settings = (JsonObject)task[kinds[0]]!.DeepClone(),
                Line = tree.LineOf(field),
            };
        }
    }
}
