using FsCheck;
using FsCheck.Fluent;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Tests.Domain;

public sealed class TraceWalkTests
{
    private static readonly DateTime _zero = new(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Place_AnySpans_PlacesEachOnceBelowWhatItBelongsTo()
    {
        // Spans of a few traces with parents and links anywhere, also to what is not kept and in circles.
        var span =
            from trace in Gen.Choose(1, 6)
            from id in Gen.Choose(1, 12)
            from parent in Gen.Choose(0, 12)
            from links in Gen.Zip(Gen.Choose(1, 6), Gen.Choose(1, 12)).ListOf()
            from start in Gen.Choose(0, 1_000)
            select Span((UInt128)trace, (ulong)id, (ulong)parent, start, 5, [.. links.Take(3).Select(l => new SpanKey((UInt128)l.Item1, (ulong)l.Item2))]);
        Prop.ForAll(span.ListOf().ToArbitrary(), all =>
        {
            var spans = all.DistinctBy(s => s.Key).ToArray();
            var (placed, truncated) = TraceWalk.Place(spans, 1);
            Assert.False(truncated);
            Assert.Equal(placed.Count, placed.Select(p => p.Span.Key).Distinct().Count());
            var reached = Reached(spans, 1);
            Assert.Subset(reached, placed.Select(p => p.Span.Key.TraceId).ToHashSet());

            // Circles of parents have no outermost span and are left out; all else of the trace is there.
            Assert.Equal(
                spans.Where(s => s.Key.TraceId == 1 && !IsInCircle(spans, s)).Select(s => s.Key).ToHashSet(),
                placed.Where(p => p.JoinedBy is null).Select(p => p.Span.Key).ToHashSet());
            var depths = new Dictionary<SpanKey, int>();
            foreach (var p in placed)
            {
                if (p.HasParent)
                    Assert.Equal(depths[new SpanKey(p.Span.Key.TraceId, p.Span.ParentId)] + 1, p.Depth);
                depths.Add(p.Span.Key, p.Depth);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Place_MoreSpansThanOneDraws_SaysSo()
    {
        var request = Span(1, 1, 0, 0, 5);
        var batches = Enumerable.Range(2, TraceWalk.MaxSpans + 10).Select(i => Span((UInt128)i, 1, 0, i, 5, request.Key));
        var (placed, truncated) = TraceWalk.Place([request, .. batches], 1);
        Assert.True(truncated);
        Assert.Equal(TraceWalk.MaxSpans, placed.Count);
    }

    [Fact]
    public void Place_TraceThatIsNotKept_IsEmpty() => Assert.Empty(TraceWalk.Place([Span(2, 1, 0, 0, 5)], 1).Spans);

    [Fact]
    public void Find_ByIds_TakesWholeElementsOnlyAndTheNewestFirst()
    {
        var spans = new[]
        {
            Span(1, 1, 0, 10, 5), Tagged(Span(1, 2, 1, 11, 5), TraceSearch.OrderIdsTag, "o-1, o-10"),
            Span(2, 1, 0, 20, 5), Tagged(Span(2, 2, 1, 21, 5), TraceSearch.OrderIdsTag, "o-10, a, b"),
            Tagged(Span(3, 1, 0, 30, 5), TraceSearch.UserIdsTag, "o-1"),
            Span(4, 1, 0, 40, 5, new SpanKey(1, 1)),
        };
        Assert.Equal([1], Find(orderId: "o-1"));
        Assert.Equal([2, 1], Find(orderId: "o-10"));
        Assert.Equal([2], Find(orderId: "a, b"));
        Assert.Empty(Find(orderId: "o"));
        Assert.Empty(Find(orderId: "0"));
        Assert.Equal([3], Find(userId: "o-1"));
        Assert.Empty(Find(orderId: "o-1", userId: "o-1"));
        Assert.Equal([3, 2, 1], Find());
        Assert.Equal([4], Find(traceId: SpanKey.TextOf((UInt128)4)));
        Assert.Equal([3, 2], Find(limit: 2));

        int[] Find(string? orderId = null, string? userId = null, string? traceId = null, int limit = 10) =>
            [.. TraceSearch.Find(spans, orderId, userId, traceId, false, limit).Select(t => (int)t.TraceId)];
    }

    [Fact]
    public void Find_Errors_TakesBatchesToo()
    {
        var failed = new SpanRecord { Key = new(4, 1), Name = "purchases land", Source = "s", Kind = "Consumer", StartedAt = _zero, Failed = true, Links = [new(1, 1)] };
        var found = Assert.Single(TraceSearch.Find([Span(1, 1, 0, 10, 5), failed], null, null, null, errors: true, 10));
        Assert.Equal((UInt128)4, found.TraceId);
    }

    [Fact]
    public void SpanKey_AnyIds_AreReadBackFromTheirTexts() => Prop.ForAll<ulong, ulong, ulong>((high, low, span) =>
    {
        var key = new SpanKey(new UInt128(high, low), span);
        Assert.Equal((SpanKey.TraceDigits, SpanKey.SpanDigits), (key.TraceText.Length, key.SpanText.Length));
        Assert.Equal(key, SpanKey.Parse(key.TraceText, key.SpanText));
        Assert.True(SpanKey.TryParseTrace(key.TraceText, out var trace) && trace == key.TraceId);
    }).QuickCheckThrowOnFailure();

    private static HashSet<UInt128> Reached(SpanRecord[] spans, UInt128 from)
    {
        var reached = new HashSet<UInt128> { from };
        while (true)
        {
            var next = spans.Where(s => s.Links.Any(l => reached.Contains(l.TraceId))).Select(s => s.Key.TraceId).Where(t => !reached.Contains(t)).ToArray();
            if (next.Length == 0)
                return reached;
            reached.UnionWith(next);
        }
    }

    private static bool IsInCircle(SpanRecord[] spans, SpanRecord span)
    {
        var seen = new HashSet<ulong>();
        for (var at = span; at is not null; at = spans.FirstOrDefault(s => s.Key == new SpanKey(span.Key.TraceId, at.ParentId)))
        {
            if (at.ParentId == at.Key.SpanId)
                return false; // its own parent is none
            if (!seen.Add(at.Key.SpanId))
                return true;
        }

        return false;
    }

    private static SpanRecord Span(UInt128 trace, ulong id, ulong parent, int start, int took, params SpanKey[] links) => new()
    {
        Key = new SpanKey(trace, id),
        ParentId = parent,
        Name = $"{trace}/{id}",
        Source = "s",
        Kind = "Internal",
        StartedAt = _zero.AddMilliseconds(start),
        Duration = TimeSpan.FromMilliseconds(took),
        Links = links,
    };

    private static SpanRecord Tagged(SpanRecord span, string tag, string value) => new()
    {
        Key = span.Key,
        ParentId = span.ParentId,
        Name = span.Name,
        Source = span.Source,
        Kind = span.Kind,
        StartedAt = span.StartedAt,
        Duration = span.Duration,
        Links = span.Links,
        Tags = [new(tag, value)],
    };
}
