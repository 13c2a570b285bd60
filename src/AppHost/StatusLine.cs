using System.Globalization;
using MediatR;
using Pipeline.Hosting.Status;
using Pipeline.Purchases.Contracts;
using Pipeline.Workers.Generator;
using Spectre.Console;

namespace Pipeline.AppHost;

/// <summary>A line that says how it goes: live on a terminal every second, a plain line every ten seconds elsewhere.</summary>
internal sealed class StatusLine(
    IAnsiConsole console, IServiceScopeFactory scopes, IGeneratorControl generator, TimeProvider time, IHostApplicationLifetime lifetime) : BackgroundService
{
    private static readonly TimeSpan _liveInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _plainInterval = TimeSpan.FromSeconds(10);

    /// <summary>What the program itself lands; workflows make any number of others.</summary>
    private static readonly string[] _tables = [PurchasedItemsTable.Path];

    private PipelineStatus? _last;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var onStarted = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
        if (console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal)
            await console.Live(new Text("")).AutoClear(true).StartAsync(context => RunAsync(_liveInterval, text => Draw(context, text), stoppingToken));
        else
            await RunAsync(_plainInterval, console.WriteLine, stoppingToken);
    }

    private static void Draw(LiveDisplayContext context, string text)
    {
        context.UpdateTarget(new Text(text, new Style(Color.Aqua)).Ellipsis());
        context.Refresh();
    }

    private async Task RunAsync(TimeSpan interval, Action<string> write, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var status = await scope.ServiceProvider.GetRequiredService<IMediator>().Send(new GetStatus(_tables), stoppingToken);
                write(Render(status));
                _last = status;
            }
            catch (TransientException e)
            {
                write("waiting: " + e.Message);
            }
        }
    }

    private string Render(PipelineStatus status)
    {
        var parts = new List<string>();
        foreach (var topic in status.Topics.Where(t => !t.Name.EndsWith(".dead", StringComparison.Ordinal)))
        {
            var lag = status.Groups.Where(g => g.Topic == topic.Name).Sum(g => g.Lag);
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{topic.Name} {End(topic):N0} ({Rate(status, topic):N0}/s, lag {lag:N0})"));
        }

        var dead = status.Topics.Where(t => t.Name.EndsWith(".dead", StringComparison.Ordinal)).Sum(End);
        if (dead > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"dead letters {dead:N0}"));
        parts.AddRange(status.Tables.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Name} v{t.Version}, {t.Rows:N0} rows in {t.Files:N0} files")));
        if (generator.Status.State == GeneratorState.Running)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"generator {generator.Status.Rate.EventsPerSecond:0.##}/s"));
        return string.Join(" · ", parts);
    }

    private double Rate(PipelineStatus status, TopicState topic)
    {
        if (_last?.Topics.FirstOrDefault(t => t.Name == topic.Name) is not { } before)
            return 0;
        var seconds = (status.At - _last.At).TotalSeconds;
        return seconds > 0 ? (End(topic) - End(before)) / seconds : 0;
    }

    private static long End(TopicState topic) => topic.Partitions.Sum(p => p.EndOffset);
}
