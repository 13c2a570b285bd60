using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Workflows.Contracts;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application.Engine;

/// <summary>Does one try of a task and says how it ended.</summary>
internal sealed class TryRunner(
    PinnedDefinitions definitions, IWorkflowCatalog catalog, IEnumerable<ITaskKind> kinds, Templates templates,
    ICondition condition, IOptions<WorkflowsOptions> options,
    TimeProvider time, ILogger<TryRunner> logger)
{
    /// <summary>How long a try of a host that stops may take to notice; the host waits little longer.</summary>
    private static readonly TimeSpan _hostGrace = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan _longestDelay = TimeSpan.FromDays(1);

    private readonly Dictionary<string, ITaskKind> _kinds = kinds.ToDictionary(k => k.Name, StringComparer.Ordinal);

    /// <summary>Never fails; null where there is nothing to record, as the task is another worker's.</summary>
    public async Task<FinishedTry?> RunAsync(RunningTry running, string owner)
    {
        var task = running.Task;
        using var activity = WorkflowsTelemetry.StartTry(task);
        var started = time.GetTimestamp();
        var redactor = Redactor.None;
        var policy = RetryPolicy.None;
        Ending ending;
        try
        {
            var definition = await DefinitionAsync(task, running.Token);
            var declared = definition.Tasks[task.Key.Ordinal];
            policy = declared.Retries ?? definition.Retries;
            var facts = new RunFacts(task.Key.RunId, task.Workflow, task.LogicalDate, task.Parameters);
            if (declared.When is { } when && !condition.IsTrue(when, facts, running.Token))
            {
                running.Log.Info($"Skipped: {when} is not true.");
                ending = new Ending(TryOutcome.Skipped, null, new TaskResult());
            }
            else
            {
                var filled = templates.Fill(declared.Settings, facts);
                redactor = filled.Redactor;
                running.Log.Use(redactor);
                ending = new Ending(TryOutcome.Succeeded, null, await WorkAsync(running, definition, declared, filled));
            }
        }
        catch (Exception e)
        {
            ending = Failed(e, running, policy, redactor);
        }

        WorkflowsTelemetry.TryEnded(activity, task, ending.Outcome, ending.Error, ending.Result, time.GetElapsedTime(started));
        if (running.Reason == StopReason.LeaseLost)
            return null;
        return new FinishedTry
        {
            Key = task.Key,
            Owner = owner,
            Outcome = ending.Outcome,
            Error = ending.Error is null ? null : StoreText.Of(ending.Error),
            Delay = ending.Outcome == TryOutcome.Retrying ? Delay(policy, task.Failures + 1) : TimeSpan.Zero,
            Result = ending.Result,
            OutputText = ending.Result?.Output is { } output ? StoreText.Of(redactor.Redact(OutputText.Of(output))) : null,
            Log = running.Log.TakeLast(),
        };
    }

    /// <summary>What is wrong with the store is not the task's fault.</summary>
    private async ValueTask<WorkflowDefinition> DefinitionAsync(ClaimedTask task, CancellationToken cancellationToken)
    {
        try
        {
            return await definitions.GetAsync(task.Workflow, task.Version, cancellationToken);
        }
        catch (TransientException e)
        {
            throw new StoreAwayException(e);
        }
    }

    private async Task<TaskResult> WorkAsync(RunningTry running, WorkflowDefinition definition, TaskDefinition declared, FilledSettings filled)
    {
        var task = running.Task;
        if (!_kinds.TryGetValue(declared.Kind, out var kind))
            throw new TerminalException($"Task {declared.Name}: this program has no kind of task '{declared.Kind}'.");

        using var timeout = declared.Timeout is { } limit ? new CancellationTokenSource(limit, time) : new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(running.Token, timeout.Token);
        var context = new TaskContext
        {
            RunId = task.Key.RunId,
            Try = task.Key.Try,
            LogicalDate = task.LogicalDate,
            Workflow = definition,
            Task = declared,
            Settings = filled.Settings,
            Parameters = task.Parameters,
            Inputs = Inputs(definition, declared, task.Outputs),
            Cursor = task.Cursor,
            Folder = catalog.Find(task.Workflow)?.Folder ?? Path.GetFullPath(Path.Combine(options.Value.Folder, task.Workflow)),
            Log = running.Log,
        };
        try
        {
            var work = kind.RunAsync(context, stop.Token);
            return await (work.IsCompleted ? work : EndOfAsync(work, running, stop.Token));
        }
        catch (Exception e) when (timeout.IsCancellationRequested && running.Reason == StopReason.None && e is not TaskTimeoutException)
        {
            throw new TaskTimeoutException(declared, e);
        }
    }

    /// <summary>A task that does not listen to its token is left alone after a while: whatever it does then, nobody records it.</summary>
    private async Task<TaskResult> EndOfAsync(Task<TaskResult> work, RunningTry running, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stop.Register(static s => ((TaskCompletionSource)s!).TrySetResult(), stopped))
            await Task.WhenAny(work, stopped.Task);
        if (!work.IsCompleted)
        {
            var grace = running.Reason == StopReason.HostStops ? _hostGrace : options.Value.Lease;
            await ((Task)work).WaitAsync(grace, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (work.IsCompleted)
            return await work;
        Log.TaskDoesNotStop(logger, running.Task.Workflow, running.Key.RunId, running.Task.Name);
        running.Log.Warning("The task did not stop in time and was left alone.");
        _ = work.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        throw new OperationCanceledException(stop);
    }

    private Ending Failed(Exception exception, RunningTry running, RetryPolicy policy, Redactor redactor)
    {
        switch (running.Reason)
        {
            case StopReason.RunStops:
                return new Ending(TryOutcome.Cancelled, null, null);
            case StopReason.HostStops or StopReason.LeaseLost:
                return new Ending(TryOutcome.Released, null, null);
        }

        var task = running.Task;
        if (exception is StoreAwayException)
            return new Ending(TryOutcome.Released, redactor.Redact(exception.Message), null);
        if (exception is TransientException)
        {
            var error = redactor.Redact(exception.Message);
            var again = task.Failures < policy.Count;
            Log.TryFailed(logger, task.Workflow, task.Key.RunId, task.Name, task.Key.Try, again, error);
            return new Ending(again ? TryOutcome.Retrying : TryOutcome.Failed, error, null);
        }

        if (exception is TerminalException)
        {
            var error = redactor.Redact(exception.Message);
            Log.TryFailed(logger, task.Workflow, task.Key.RunId, task.Name, task.Key.Try, false, error);
            return new Ending(TryOutcome.Failed, error, null);
        }

        // As text, as an exception object would bring its secrets to the log.
        Log.TryBroke(logger, task.Workflow, task.Key.RunId, task.Name, task.Key.Try, redactor.Redact(exception.ToString()));
        return new Ending(TryOutcome.Failed, redactor.Redact($"Unexpected error: {exception.GetType().Name}: {exception.Message}"), null);
    }

    /// <summary>A backoff over many tries grows beyond any sense.</summary>
    private static TimeSpan Delay(RetryPolicy policy, int retry)
    {
        var seconds = policy.Delay.TotalSeconds * Math.Pow(policy.Backoff, retry - 1);
        return seconds < _longestDelay.TotalSeconds ? policy.DelayBefore(retry) : _longestDelay;
    }

    private static Dictionary<string, TaskOutput> Inputs(
        WorkflowDefinition definition, TaskDefinition declared, IReadOnlyDictionary<string, TaskOutput> outputs)
    {
        var inputs = new Dictionary<string, TaskOutput>(StringComparer.Ordinal);
        if (outputs.Count == 0)
            return inputs;
        var tasks = definition.Tasks.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var next = new Stack<string>(declared.After);
        while (next.TryPop(out var name))
        {
            if (!seen.Add(name))
                continue;
            if (outputs.TryGetValue(name, out var output))
                inputs.Add(name, output);
            foreach (var before in tasks[name].After)
                next.Push(before);
        }

        return inputs;
    }

    private sealed record Ending(TryOutcome Outcome, string? Error, TaskResult? Result);

    private sealed class StoreAwayException(TransientException cause) : Exception(cause.Message, cause);

    /// <summary>One try took too long; the next may not.</summary>
    private sealed class TaskTimeoutException(TaskDefinition task, Exception cause)
        : TransientException($"Task {task.Name} took longer than its timeout of {task.Timeout}.", cause);
}
