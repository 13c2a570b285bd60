using FsCheck;
using FsCheck.Fluent;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class ZipfSamplerTests
{
    [Fact]
    public void Rank_AnyQuantile_IsWhereTheNaiveSumPassesIt()
    {
        var cases =
            from count in Gen.Choose(1, 50)
            from exponent in Gen.Choose(0, 40)
            from quantile in Gen.Choose(0, 999_999)
            select (Count: count, Exponent: exponent / 10.0, Quantile: quantile / 1e6);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var weights = Enumerable.Range(1, c.Count).Select(r => Math.Pow(r, -c.Exponent)).ToArray();
            var target = c.Quantile * weights.Sum();
            var rank = new ZipfSampler(c.Count, c.Exponent).Rank(c.Quantile);
            var below = weights.Take(rank).Sum();
            const double Rounding = 1e-9;
            return below <= target + Rounding && below + weights[rank] >= target - Rounding;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Rank_EvenQuantiles_FollowsZipfsLaw()
    {
        var zipf = new ZipfSampler(100, 1.0);
        var counts = new int[100];
        const int Draws = 100_000;
        for (var i = 0; i < Draws; i++)
            counts[zipf.Rank((i + 0.5) / Draws)]++;
        var harmonic = Enumerable.Range(1, 100).Sum(r => 1.0 / r);
        for (var rank = 0; rank < 100; rank++)
            Assert.InRange(counts[rank] - (Draws / harmonic / (rank + 1)), -1.5, 1.5);
    }
}
