using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Workers.CommandLine.Api;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workers.CommandLine.Workflows;

/// <summary>Asks for a run again and again, without haste.</summary>
internal sealed class RunFollower(ApiClient api, long run, TimeProvider time)
{
    private const int Page = 1_000;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);

    /// <summary>How far the run was when last asked; null before.</summary>
    public RunDetails? Latest { get; private set; }

    /// <summary>Whether a run in this state goes on.</summary>
    public static bool GoesOn(RunState state) => state is RunState.Queued or RunState.Running;

    /// <summary>Returns when the run has ended.</summary>
    public async Task<RunDetails> EndAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Latest = (await GetAsync(cancellationToken)).Deserialize(WorkflowsJson.Default.RunDetails)!;
            if (!GoesOn(Latest.Run.State))
                return Latest;
            await Task.Delay(_pause, time, cancellationToken);
        }
    }

    /// <summary>The lines of the run's log.</summary>
    public async IAsyncEnumerable<JsonElement> LinesAsync(string? task, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = 0L;
        var of = task is null ? "" : $"&task={Uri.EscapeDataString(task)}";
        while (true)
        {
            // Asked before the lines: what was written until the run ended is among them.
            var goesOn = follow && GoesOn((await GetAsync(cancellationToken)).Deserialize(WorkflowsJson.Default.RunDetails)!.Run.State);
            int count;
            do
            {
                var lines = await api.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/runs/{run}/logs?after={after}&limit={Page}{of}"), cancellationToken);
                count = lines.GetArrayLength();
                foreach (var line in lines.EnumerateArray())
                {
                    after = line.GetProperty(nameof(RunLogLine.Id)).GetInt64();
                    yield return line;
                }
            }
            while (count == Page);
            if (!goesOn)
                yield break;
            await Task.Delay(_pause, time, cancellationToken);
        }
    }

    /// <summary>The run as the API tells it.</summary>
    public Task<JsonElement> GetAsync(CancellationToken cancellationToken) => api.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/runs/{run}"), cancellationToken);
}
