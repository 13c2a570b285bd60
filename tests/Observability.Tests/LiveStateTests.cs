using Pipeline.Observability.Application;

namespace Pipeline.Observability.Tests;

public sealed class LiveStateTests
{
    [Fact]
    public async Task Ask_AfterAPause_EndsTheWaitAtOnceAndIsOverAfterAMinute()
    {
        var clock = new Clock();
        var state = new LiveState(clock);
        Assert.False(state.IsWatched);
        var wait = state.WaitAsync(TimeSpan.FromHours(1), CancellationToken.None);
        Assert.False(wait.IsCompleted);
        state.Ask();
        await wait;
        Assert.True(state.IsWatched);

        // Asked again while it is watched, the next look comes in its own time.
        using var stop = new CancellationTokenSource();
        wait = state.WaitAsync(TimeSpan.FromHours(1), stop.Token);
        state.Ask();
        Assert.False(wait.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        clock.Now += TimeSpan.FromSeconds(61);
        Assert.False(state.IsWatched);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
