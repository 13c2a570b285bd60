using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Pipeline.Workers.CommandLine.Api;

namespace Pipeline.Workers.CommandLine.Workflows;

/// <summary>The command <c>workflow backfill</c>: runs for the slots of a range.</summary>
internal static class BackfillCommand
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    public static Command Create(Consoles consoles, TimeProvider time)
    {
        var name = WorkflowCommands.Name();
        var from = new Option<string>("--from") { Description = "The first moment of the range, as 2026-01-01T00:00:00Z.", HelpName = "MOMENT", Required = true };
        var to = new Option<string>("--to") { Description = "The last moment of the range.", HelpName = "MOMENT", Required = true };
        var concurrency = new Option<int>("--concurrency") { Description = "Runs at once.", HelpName = "N", DefaultValueFactory = _ => 1 }.Within(1, 1_000);
        var parameters = WorkflowCommands.Parameters();
        var detach = new Option<bool>("--detach", "-d") { Description = "Do not wait for the end of the runs." };
        var (url, json) = (OptionParsing.Url(), WorkflowCommands.Json());
        var command = new Command("backfill", "Run a workflow for each slot of its schedule in a range that has no run yet.") { name, from, to, concurrency, parameters, detach, url, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(parsed.GetValue(url)!);
            var body = new BackfillBody(parsed.GetValue(from)!, parsed.GetValue(to)!, parsed.GetValue(concurrency), WorkflowCommands.Parameters(parsed.GetValue(parameters)));
            var answer = await api.PostAsync(
                $"/workflows/{Uri.EscapeDataString(parsed.GetValue(name)!)}/backfill", JsonSerializer.Serialize(body, WorkflowsJson.Default.BackfillBody), cancellationToken);
            var id = answer.GetProperty("Id").GetInt64();
            if (!parsed.GetValue(detach))
            {
                var end = EndAsync();
                await Consoles.ShowWhileAsync(parsed.GetValue(json) ? consoles.Error : consoles.Out, time, () => Counts(answer), end);
                await end;
            }

            consoles.WriteRaw(parsed.GetValue(json) ? answer.GetRawText() : $"Backfill {id}: {Counts(answer)}.");
            return answer.GetProperty("Runs").EnumerateObject().Any(r => r.Name is "failed" or "timed_out" or "cancelled") ? ExitCode.Failed : ExitCode.Ok;

            async Task EndAsync()
            {
                while (answer.GetProperty("Runs").EnumerateObject().Any(r => r.Name is "queued" or "running"))
                {
                    await Task.Delay(_pause, time, cancellationToken);
                    answer = await api.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/backfills/{id}"), cancellationToken);
                }
            }
        });
        return command;
    }

    private static string Counts(JsonElement backfill)
    {
        var counts = backfill.GetProperty("Runs").EnumerateObject().Select(r => $"{r.Value} {r.Name.Replace('_', ' ')}").ToList();
        return counts.Count == 0 ? "no slots without a run" : string.Join(", ", counts);
    }
}
