using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class GeneratorRegistrationTests
{
    [Fact]
    public async Task Host_Started_SendsToTheAddressFoundThenAndStopsCleanly()
    {
        await using var shop = await FakeShop.StartAsync();
        var clock = new ManualTimeProvider();
        using var host = Build(clock, new() { ["Generator:EventsPerSecond"] = "5", ["Generator:OrdersPerSecond"] = "0" }, shop.Url);
        var control = host.Services.GetRequiredService<IGeneratorControl>();
        Assert.Equal(GeneratorState.Waiting, control.Status.State);
        await host.StartAsync();
        await shop.NextAsync(5);
        Assert.Equal(shop.Url, control.Status.Url);

        await Wait.UntilAsync(() => control.Status.Events.Accepted == 5);
        var generator = host.Services.GetRequiredService<TrafficGenerator>();
        control.Stop();
        clock.Advance(TimeSpan.FromSeconds(1));
        await Wait.UntilAsync(() => generator.Ticks == 2);
        control.SetRate(TrafficRate.OfEvents(13));
        control.Start();
        clock.Advance(TimeSpan.FromSeconds(1));
        await shop.NextAsync(14);

        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await Wait.UntilAsync(() => control.Status.State == GeneratorState.Ended);
        await host.StopAsync();
        Assert.Equal(GeneratorState.Ended, control.Status.State);
        Assert.Equal((18, 1), (control.Status.Events.Accepted, control.Status.Orders.Accepted));
    }

    [Fact]
    public async Task Host_WrongOptions_DoesNotStartAndNamesThemAll()
    {
        using var host = Build(new ManualTimeProvider(), new() { ["Generator:Users"] = "0", ["Generator:EventsPerSecond"] = "-3" }, null);
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains("Users must be 1 to 10000000, not 0.", failure.Message, StringComparison.Ordinal);
        Assert.Contains("EventsPerSecond must be 0 to 100000, not -3.", failure.Message, StringComparison.Ordinal);
    }

    private static IHost Build(TimeProvider clock, Dictionary<string, string?> settings, Uri? url)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(clock);
        builder.Services.AddTrafficGenerator(builder.Configuration, o => o.Seed = 1, _ => url);
        return builder.Build();
    }
}
