namespace Pipeline.Workers.Generator;

/// <summary>How a retail file is sent.</summary>
internal sealed record ReplayOptions
{
    public required Uri Url { get; init; }

    /// <summary>The access key to send with; null where none is needed.</summary>
    public string? Key { get; init; }

    /// <summary>The most orders in one request, 1 to 10,000.</summary>
    public int Batch { get; init; } = 500;

    /// <summary>Seconds of the shop's time in a second; absent: as fast as the API takes them.</summary>
    public double? Speed { get; init; }

    /// <summary>Makes the keys of this run differ from those of every other run, so that the API takes all orders again; absent: it does not.</summary>
    public string? Again { get; init; }

    public int Window { get; init; } = CsvOrders.DefaultWindow;
}

/// <summary>What a replay did.</summary>
/// <param name="Complete">Whether the whole file was read and every request was answered; false after a stop or when the API was given up.</param>
/// <param name="Batches">Requests planned and begun, repeats and parts not counted.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Counts">What became of the orders.</param>
/// <param name="LastTrouble">The last reason for which a request was repeated, rejected or given up.</param>
internal sealed record ReplayResult(bool Complete, long Batches, TimeSpan Elapsed, RouteCounts Counts, string? LastTrouble);
