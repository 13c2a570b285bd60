namespace Pipeline.Workers.Generator;

/// <summary>Steers the traffic generator of this process while it runs. Safe for concurrent use; changes count from the next second on.</summary>
public interface IGeneratorControl
{
    /// <summary>What it does and has done.</summary>
    GeneratorStatus Status { get; }

    /// <summary>Makes traffic; nothing happens when it does already.</summary>
    void Start();

    /// <summary>Makes no more traffic until <see cref="Start"/>; what is on the way goes on.</summary>
    void Stop();

    /// <summary>Makes this much from now on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A rate is negative, not a number or above <see cref="TrafficRate.Max"/>.</exception>
    void SetRate(TrafficRate rate);
}

/// <summary>What the traffic generator does and has done.</summary>
/// <param name="State">Whether it makes traffic.</param>
/// <param name="Rate">How much it is asked to make.</param>
/// <param name="Url">The API's address.</param>
/// <param name="Seed">The seed of this run.</param>
/// <param name="RunId">The part of session and order numbers that is of this run.</param>
/// <param name="Elapsed">Since this run began.</param>
/// <param name="Events">Counts of <c>PUT /SendEvent</c>.</param>
/// <param name="Orders">Counts of <c>POST /PurchasedItems</c>.</param>
/// <param name="LastTrouble">The last reason for which a request was repeated, rejected or given up; one sentence.</param>
public sealed record GeneratorStatus(
    GeneratorState State,
    TrafficRate Rate,
    Uri Url,
    int Seed,
    string RunId,
    TimeSpan Elapsed,
    RouteCounts Events,
    RouteCounts Orders,
    string? LastTrouble);

/// <summary>Whether the generator makes traffic.</summary>
public enum GeneratorState
{
    /// <summary>The program has not started it yet.</summary>
    Waiting,

    /// <summary>It makes traffic.</summary>
    Running,

    /// <summary>It was told to stop and can be started again.</summary>
    Stopped,

    /// <summary>Its duration is over, or the program ends.</summary>
    Ended,
}
