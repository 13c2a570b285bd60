namespace Pipeline.Console;

/// <summary>Steers made-up traffic from the overview. A host that can make some registers it; without one the overview has no such buttons.</summary>
public interface ITrafficControl
{
    /// <summary>How much there is now.</summary>
    TrafficState State { get; }

    /// <summary>Makes traffic; nothing happens when it is made already.</summary>
    void Start();

    /// <summary>Makes no more until <see cref="Start"/>.</summary>
    void Stop();

    /// <summary>Makes this much from now on.</summary>
    /// <param name="eventsPerSecond">Events a second, 0 to <see cref="TrafficState.Highest"/>; orders come with them.</param>
    void SetRate(double eventsPerSecond);
}

/// <summary>Made-up traffic.</summary>
/// <param name="Running">Whether it is made.</param>
/// <param name="EventsPerSecond">How many events a second are asked for.</param>
/// <param name="OrdersPerSecond">How many orders a second.</param>
/// <param name="Highest">The most events a second that can be asked for.</param>
/// <param name="Trouble">Why some of it did not arrive, in a sentence; null where there was no trouble.</param>
public sealed record TrafficState(bool Running, double EventsPerSecond, double OrdersPerSecond, double Highest, string? Trouble);
