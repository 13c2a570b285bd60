namespace Pipeline.AppHost;

/// <summary>What the command line asks for.</summary>
/// <param name="Url">Where the API listens.</param>
/// <param name="DataDirectory">Where everything is kept; absolute.</param>
/// <param name="EventsPerSecond">The generator's rate; 0 generates nothing.</param>
internal sealed record AppHostOptions(string Url, string DataDirectory, double EventsPerSecond)
{
    /// <summary>Events a second where nobody says.</summary>
    public const double DefaultEventsPerSecond = 100;

    /// <summary>Orders per event that the generator sends: about one session in twelve ends with a purchase.</summary>
    public const double OrdersPerEvent = 0.08;
}
