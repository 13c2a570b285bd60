using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.ServiceDefaults.Tests.Access;

namespace Pipeline.ServiceDefaults.Tests;

public class ReadinessTests
{
    [Fact]
    public async Task Ready_WhileAStoreIsAway_Is503WithoutSayingWhich()
    {
        await using var app = AccessHost.Build(b => b.Services.AddHealthChecks().AddCheck("store", () => HealthCheckResult.Unhealthy("The store is away.")));
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        using var response = await http.GetAsync("/ready");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("""{"Status":"Unhealthy"}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Ready_AskedByManyWithinASecond_LooksOnce()
    {
        var looks = 0;
        var time = new Stopped();
        await using var app = AccessHost.Build(b =>
        {
            b.Services.AddSingleton<TimeProvider>(time);
            b.Services.AddHealthChecks().AddCheck("store", () =>
            {
                Interlocked.Increment(ref looks);
                return HealthCheckResult.Healthy();
            });
        });
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => http.GetStringAsync("/ready")));

        Assert.All(answers, a => Assert.Equal("""{"Status":"Healthy"}""", a));
        Assert.Equal(1, looks);
        time.Now = TimeSpan.TicksPerSecond;
        await http.GetStringAsync("/ready");
        Assert.Equal(2, looks);
    }

    /// <summary>Real timers, a clock that stands still.</summary>
    private sealed class Stopped : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
