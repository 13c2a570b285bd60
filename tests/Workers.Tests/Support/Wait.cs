namespace Pipeline.Workers.Tests;

internal static class Wait
{
    /// <summary>Waits for a state that has no signal.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds())
            await Task.Delay(5, patience.Token);
    }
}
