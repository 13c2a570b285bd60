namespace Pipeline.EventLog;

/// <summary>Work that outlives its starter, so that it is no part of the starter's trace.</summary>
internal static class Detached
{
    public static Task Run(Func<Task> work)
    {
        using (ExecutionContext.SuppressFlow())
            return Task.Run(work);
    }
}
