namespace Pipeline.EventLog.Kafka;

/// <summary>Runs calls of the library that wait for brokers on a thread of their own.</summary>
internal static class Blocking
{
    /// <summary>The call goes on when the wait is cancelled; its own timeout ends it.</summary>
    public static async Task<T> RunAsync<T>(string operation, Func<T> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await Start(call).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw KafkaErrors.Translate(e, operation);
        }
    }

    private static Task<T> Start<T>(Func<T> call)
    {
        // Connections that the library opens meanwhile are no part of the caller's trace.
        using (ExecutionContext.SuppressFlow())
            return Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
