namespace Pipeline.Workers.Generator;

/// <summary>What the traffic generator sends, how much and where to.</summary>
public sealed class GeneratorOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Generator";

    /// <summary>The API's address.</summary>
    public Uri Url { get; set; } = new("http://127.0.0.1:5080");

    /// <summary>The access key to send with; the first of <c>Access:Keys</c> unless said, none where there is none.</summary>
    public string? Key { get; set; }

    /// <summary>Whether traffic starts with the program; else it waits for <see cref="IGeneratorControl.Start"/>.</summary>
    public bool Autostart { get; set; } = true;

    /// <summary>Decides the traffic; absent: another one each run.</summary>
    public int? Seed { get; set; }

    /// <summary>Events a second.</summary>
    public double EventsPerSecond { get; set; } = 100;

    /// <summary>Orders a second.</summary>
    public double OrdersPerSecond { get; set; } = 8;

    /// <summary>Users in the pool.</summary>
    public int Users { get; set; } = new ShopTrafficOptions().Users;

    /// <summary>Products in the pool.</summary>
    public int Products { get; set; } = new ShopTrafficOptions().Products;

    /// <summary>Stop after this long, rounded up to whole seconds; absent: never.</summary>
    public TimeSpan? Duration { get; set; }

    /// <summary>Connections for events, which go one a request; 1 to 256. The events of a user go in order over one of them.</summary>
    public int EventConnections { get; set; } = 8;

    /// <summary>The most orders in one request, 1 to 10,000.</summary>
    public int OrdersPerRequest { get; set; } = 1_000;

    /// <summary>How long a stop waits for what is on the way.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Says what is wrong with the values, all of it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var failures = new List<string>(Rate.Validate());
        failures.AddRange(Traffic(0).Validate());
        if (!Url.IsAbsoluteUri || (Url.Scheme != Uri.UriSchemeHttp && Url.Scheme != Uri.UriSchemeHttps))
            failures.Add($"Url must be an absolute http or https address, not {Url}.");
        if (Duration <= TimeSpan.Zero)
            failures.Add($"Duration must be longer than nothing, not {Duration}.");
        if (EventConnections is < 1 or > 256)
            failures.Add($"EventConnections must be 1 to 256, not {EventConnections}.");
        if (OrdersPerRequest is < 1 or > 10_000)
            failures.Add($"OrdersPerRequest must be 1 to 10000, not {OrdersPerRequest}.");
        if (DrainTimeout < TimeSpan.Zero)
            failures.Add($"DrainTimeout must not be negative, not {DrainTimeout}.");
        return failures;
    }

    internal TrafficRate Rate => new(EventsPerSecond, OrdersPerSecond);

    internal ShopTrafficOptions Traffic(int seed) => new() { Seed = seed, Users = Users, Products = Products };
}
