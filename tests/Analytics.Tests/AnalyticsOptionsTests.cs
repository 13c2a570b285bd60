namespace Pipeline.Analytics.Tests;

public sealed class AnalyticsOptionsTests
{
    [Fact]
    public void Options_Default_AreValid() => Assert.True(new AnalyticsOptionsValidator().Validate(null, new AnalyticsOptions()).Succeeded);

    [Fact]
    public void Options_AllWrong_AreAllReported()
    {
        var options = new AnalyticsOptions
        {
            RefreshInterval = TimeSpan.Zero,
            MinRefreshInterval = TimeSpan.FromDays(2),
            RefreshTimeout = TimeSpan.Zero,
            QueryTimeout = TimeSpan.Zero,
            MaxConcurrentQueries = 0,
            MemoryLimitBytes = 1,
            Threads = 0,
            TempDirectory = "here",
            CachedRows = -1,
            LongQuery = TimeSpan.Zero,
        };

        var result = new AnalyticsOptionsValidator().Validate(null, options);

        Assert.Equal(
            typeof(AnalyticsOptions).GetProperties().Select(p => $"Analytics:{p.Name}").Order(), result.Failures!.Select(f => f.Split(' ')[0]).Order());
    }
}
