using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Tests;

public sealed class RetryPolicyTests
{
    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(3, 20)]
    public void DelayBefore_ARetry_GrowsByTheBackoff(int retry, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), new RetryPolicy(3, TimeSpan.FromSeconds(5), 2).DelayBefore(retry));
}
