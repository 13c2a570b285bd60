using FsCheck;
using FsCheck.Fluent;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Tests.Domain;

public sealed class BoundsTests
{
    [Fact]
    public void BoundedLog_AnyItems_KeepsTheNewestThatFit() => Prop.ForAll(Gen.Choose(0, 60).ListOf().ToArbitrary(), sizes =>
    {
        var log = new BoundedLog<string>(10, 100);
        var reference = new List<string>();
        foreach (var size in sizes)
        {
            var item = new string('x', size);
            log.Add(item, size);
            reference.Add(item);
            while (reference.Count > 10 || reference.Sum(i => i.Length) > 100)
                reference.RemoveAt(0);
        }

        Assert.Equal(reference, log.ToArray());
        Assert.Equal((reference.Count, reference.Sum(i => (long)i.Length)), (log.Count, log.Bytes));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void BoundedLog_ItemLargerThanAll_IsLeftOutAndTheOthersStay()
    {
        var log = new BoundedLog<string>(10, 100);
        log.Add("small", 5);
        log.Add("huge", 101);
        Assert.Equal(["small"], log.ToArray());
    }

    [Fact]
    public void RateLimit_AnyTimes_LetsNoMoreThroughThanItMay()
    {
        const long Frequency = 1_000;
        Prop.ForAll(Gen.Choose(1, 50).ToArbitrary(), Gen.Choose(0, 300).ListOf().ToArbitrary(), (perSecond, pauses) =>
        {
            var limit = new RateLimit(perSecond, Frequency);
            var now = 0L;
            var taken = new List<long>();
            foreach (var pause in pauses)
            {
                now += pause;
                if (limit.TryTake(now))
                    taken.Add(now);
            }

            for (var i = 0; i < taken.Count; i++)
            {
                for (var j = i; j < taken.Count; j++)
                {
                    // A burst, what came in the meantime, and one that is rounded up.
                    var most = perSecond + ((taken[j] - taken[i]) * 1.0 / (Frequency / perSecond)) + 1;
                    Assert.True(j - i + 1 <= most, $"{j - i + 1} within {taken[j] - taken[i]} ms at {perSecond} a second");
                }
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void RateLimit_SteadyDemand_LetsItsRateThrough()
    {
        foreach (var rate in (double[])[0.5, 1, 10, 100])
        {
            var limit = new RateLimit(rate, 1_000_000);
            var taken = Enumerable.Range(0, 100_000).Count(i => limit.TryTake(i * 1_000L)); // 100 s, a thousand a second
            Assert.InRange(taken, 100 * rate, (100 * rate) + Math.Max(rate, 1) + 1);
        }

        var none = new RateLimit(0, 1_000_000);
        Assert.False(none.TryTake(long.MaxValue / 2));
    }

    [Fact]
    public async Task RateLimit_ManyThreadsAtOnce_LetOneBurstThrough()
    {
        var limit = new RateLimit(20, 1_000);
        var taken = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                if (limit.TryTake(5_000))
                    Interlocked.Increment(ref taken);
            }
        })));
        Assert.InRange(taken, 20, 21);
    }
}
