namespace Pipeline.Workers.Generator;

/// <summary>How much traffic to make. Fractions are kept: 0.5 orders a second is an order every other second.</summary>
/// <param name="EventsPerSecond">Events a second, 0 to <see cref="Max"/>.</param>
/// <param name="OrdersPerSecond">Orders a second, 0 to <see cref="Max"/>.</param>
public sealed record TrafficRate(double EventsPerSecond, double OrdersPerSecond)
{
    /// <summary>The highest rate of either kind.</summary>
    public const double Max = 100_000;

    /// <summary>How many events of the model's sessions lead to one order, about.</summary>
    public const double EventsPerOrder = 13;

    /// <summary>The rate with so many events a second and as many orders as such sessions place.</summary>
    public static TrafficRate OfEvents(double eventsPerSecond) => new(eventsPerSecond, eventsPerSecond / EventsPerOrder);

    internal IEnumerable<string> Validate()
    {
        if (EventsPerSecond is not (>= 0 and <= Max))
            yield return $"EventsPerSecond must be 0 to {Max}, not {EventsPerSecond}.";
        if (OrdersPerSecond is not (>= 0 and <= Max))
            yield return $"OrdersPerSecond must be 0 to {Max}, not {OrdersPerSecond}.";
    }
}
