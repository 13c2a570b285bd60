using Pipeline.Console;
using Pipeline.Workers.Generator;

namespace Pipeline.AppHost;

/// <summary>The console's hand on the generator of this process.</summary>
internal sealed class TrafficControl(IGeneratorControl generator) : ITrafficControl
{
    public TrafficState State
    {
        get
        {
            var status = generator.Status;
            return new TrafficState(status.State == GeneratorState.Running, status.Rate.EventsPerSecond, status.Rate.OrdersPerSecond, TrafficRate.Max, status.LastTrouble);
        }
    }

    public void Start()
    {
        // Nobody who presses Start wants nothing.
        if (generator.Status.Rate.EventsPerSecond <= 0)
            SetRate(AppHostOptions.DefaultEventsPerSecond);
        generator.Start();
    }

    public void Stop() => generator.Stop();

    public void SetRate(double eventsPerSecond) => generator.SetRate(new TrafficRate(eventsPerSecond, eventsPerSecond * AppHostOptions.OrdersPerEvent));
}
