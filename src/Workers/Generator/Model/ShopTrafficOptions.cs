namespace Pipeline.Workers.Generator;

/// <summary>The size and habits of the made-up shop.</summary>
public sealed record ShopTrafficOptions
{
    /// <summary>The most users that a pool can have.</summary>
    public const int MaxUsers = 10_000_000;

    /// <summary>The most products that a pool can have.</summary>
    public const int MaxProducts = 1_000_000;

    /// <summary>Decides who does what and when; the same seed under the same clock gives the same traffic.</summary>
    public int Seed { get; init; }

    /// <summary>Users in the pool, 1 to <see cref="MaxUsers"/>; about 8 bytes of memory each.</summary>
    public int Users { get; init; } = 1_000;

    /// <summary>Products in the pool, 1 to <see cref="MaxProducts"/>.</summary>
    public int Products { get; init; } = 500;

    /// <summary>How skewed the activity of users is: exponent of Zipf's law, 0 (all alike) to 4.</summary>
    public double UserSkew { get; init; } = 0.8;

    /// <summary>How skewed the popularity of products is: exponent of Zipf's law, 0 (all alike) to 4.</summary>
    public double ProductSkew { get; init; } = 1.0;

    /// <summary>How many sessions are open at a time, at most one a user; their events interleave.</summary>
    public int OpenSessions { get; init; } = 200;

    /// <summary>Says what is wrong with the values, all of it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var failures = new List<string>();
        Check(Users is >= 1 and <= MaxUsers, $"Users must be 1 to {MaxUsers}, not {Users}.");
        Check(Products is >= 1 and <= MaxProducts, $"Products must be 1 to {MaxProducts}, not {Products}.");
        Check(UserSkew is >= 0 and <= 4, $"UserSkew must be 0 to 4, not {UserSkew}.");
        Check(ProductSkew is >= 0 and <= 4, $"ProductSkew must be 0 to 4, not {ProductSkew}.");
        Check(OpenSessions is >= 1 and <= 100_000, $"OpenSessions must be 1 to 100000, not {OpenSessions}.");
        return failures;

        void Check(bool holds, string failure)
        {
            if (!holds)
                failures.Add(failure);
        }
    }
}
