using System.Diagnostics;
using Microsoft.Extensions.Options;
using Pipeline.EventLog;
using Pipeline.Observability.Application;
using Pipeline.Observability.Infrastructure;
using Pipeline.Testing;

namespace Pipeline.Observability.Tests;

/// <summary>Alone: listeners hear all of their process.</summary>
[Collection("Alone")]
public sealed class SpanListenerTests : IDisposable
{
    private readonly ActivitySource _requests = new("Microsoft.AspNetCore");
    private readonly ActivitySource _useCases = new("Pipeline.UseCases");
    private readonly ActivitySource _batches = new("Pipeline.EventLog");
    private readonly ActivitySource _statements = new("Npgsql");
    private readonly Clock _clock = new();

    public SpanListenerTests() => Activity.Current = null;

    [Fact]
    public void Requests_BeyondTheRate_HaveNoSpanAtAll()
    {
        var (store, listener) = Listen(perSecond: 5);
        using (listener)
        {
            for (var i = 0; i < 100; i++)
                Request(i);
            Assert.Equal(5, Roots(store));
            _clock.Now += TimeSpan.FromSeconds(1);
            for (var i = 0; i < 100; i++)
                Request(i);
            Assert.InRange(Roots(store), 10, 11);
        }

        void Request(int i)
        {
            using var request = _requests.StartActivity("request", ActivityKind.Server);
            using var useCase = _useCases.StartActivity("use case");
            using var statement = _statements.StartActivity("statement", ActivityKind.Client);
            Assert.Equal(request is null, useCase is null);
            Assert.Equal(request is null, statement is null);
            Assert.Equal(request is null, LogTracing.CurrentHeaders().IsEmpty);
            Assert.Equal(request is null, Activity.Current is null);
        }
    }

    [Fact]
    public async Task Requests_NotTraced_AllocateNothing()
    {
        var (_, listener) = Listen(perSecond: 0);
        using (listener)
        {
            // The framework's part of it needs the optimising compiler, which comes when code has run for a while.
            await Eventually.TrueAsync(() =>
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var i = 0; i < 1_000; i++)
                    Ask();
                return GC.GetAllocatedBytesForCurrentThread() == before;
            });
        }

        void Ask()
        {
            Assert.Null(_requests.CreateActivity("request", ActivityKind.Server));
            Assert.Null(_useCases.CreateActivity("use case", ActivityKind.Internal));
            Assert.True(LogTracing.CurrentHeaders().IsEmpty);
        }
    }

    [Fact]
    public void Requests_ThatAskToBeTraced_HaveARateOfTheirOwn()
    {
        var (store, listener) = Listen(perSecond: 1);
        using (listener)
        {
            _requests.StartActivity("request", ActivityKind.Server)!.Dispose();
            Assert.Null(_requests.StartActivity("request", ActivityKind.Server));
            var client = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, isRemote: true);
            _requests.StartActivity("request", ActivityKind.Server, client)!.Dispose();
            Assert.Null(_requests.StartActivity("request", ActivityKind.Server, client));
            Assert.Contains(store.ToArray(), s => s.Key.TraceText == client.TraceId.ToString());
        }
    }

    [Fact]
    public void Batches_WithATracedRequestInThem_AreTracedToo()
    {
        var (store, listener) = Listen(perSecond: 1);
        using (listener)
        {
            ActivityContext traced;
            using (var request = _requests.StartActivity("request", ActivityKind.Server)!)
                traced = request.Context;
            var other = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
            Assert.Null(Flush());
            Assert.Null(Flush(other));
            using (var flush = Flush(other, traced)!)
                _statements.StartActivity("statement", ActivityKind.Client)!.Dispose();

            // And what links to the batch.
            ActivityContext landing;
            using (var land = Flush(traced)!)
                landing = land.Context;
            using var refresh = Flush(landing);
            Assert.NotNull(refresh);
            Assert.Equal(4, store.Count);
        }

        Activity? Flush(params ActivityContext[] links) =>
            _batches.StartActivity("flush", ActivityKind.Producer, default(ActivityContext), links: links.Select(l => new ActivityLink(l)).ToList());
    }

    [Fact]
    public void Requests_ThatAreAllExported_AreKeptAtTheRateAndStillAllRecorded()
    {
        using var export = new ActivityListener
        {
            ShouldListenTo = s => s == _requests || s == _useCases || s == _batches,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(export);
        var (store, listener) = Listen(perSecond: 3);
        using (listener)
        {
            var links = new List<ActivityLink>();
            for (var i = 0; i < 200; i++)
            {
                using var request = _requests.StartActivity("request", ActivityKind.Server)!;
                using var useCase = _useCases.StartActivity("use case")!;
                Assert.True(request.Recorded && useCase.Recorded);
                Assert.False(LogTracing.CurrentHeaders().IsEmpty);
                if (i == 150)
                    _clock.Now += TimeSpan.FromSeconds(1);
                TraceMark.AddLink(links, useCase.Context, 32);
            }

            Assert.InRange(Roots(store), 6, 7);
            Assert.Equal(Roots(store) * 2, store.Count);

            // Of a batch of 200 the first 32 are linked, and those that are kept wherever they are.
            Assert.Equal(32 + links.Skip(32).Count(), links.Count);
            Assert.Equal(Roots(store), links.Count(l => TraceMark.IsIn(l.Context.TraceState)));
            using var flush = _batches.StartActivity("flush", ActivityKind.Producer, default(ActivityContext), links: links)!;
            flush.Stop();
            Assert.Equal("flush", store.ToArray()[^1].Name);
            Assert.Equal(links.Count, store.ToArray()[^1].Links.Length);
        }
    }

    [Fact]
    public void Span_Ended_IsKeptWithAllThatItSays()
    {
        var (store, listener) = Listen(perSecond: 1);
        using (listener)
        {
            using var request = _requests.StartActivity("request", ActivityKind.Server)!;
            request.DisplayName = "GET /thing";
            request.SetTag("text", new string('x', 10_000)).SetTag("list", new[] { "a", "b" }).SetTag("number", 1.5).SetTag("truth", true).SetTag("none", null);
            request.AddException(new InvalidOperationException("broken"));
            request.SetStatus(ActivityStatusCode.Error, "it broke");
            request.Stop();
            var span = Assert.Single(store.ToArray());
            Assert.Equal(("GET /thing", "Microsoft.AspNetCore", "Server", "it broke", true), (span.Name, span.Source, span.Kind, span.StatusMessage, span.Failed));
            Assert.Equal((request.TraceId.ToString(), request.SpanId.ToString(), 0UL), (span.Key.TraceText, span.Key.SpanText, span.ParentId));
            var tags = span.Tags.ToDictionary();
            Assert.Equal(("a, b", "1.5", "true"), (tags["list"], tags["number"], tags["truth"]));
            Assert.InRange(tags["text"].Length, 1_000, 5_000);
            Assert.DoesNotContain("none", tags.Keys);
            Assert.Contains("broken", Assert.Single(span.Events).Tags.ToDictionary()["exception.message"], StringComparison.Ordinal);
        }
    }

    public void Dispose()
    {
        _requests.Dispose();
        _useCases.Dispose();
        _batches.Dispose();
        _statements.Dispose();
    }

    private static int Roots(SpanStore store) => store.ToArray().Count(s => s.Source == "Microsoft.AspNetCore");

    private (SpanStore Store, SpanListener Listener) Listen(double perSecond)
    {
        var options = Options.Create(new ObservabilityOptions { TracesPerSecond = perSecond });
        var store = new SpanStore(options);
        var listener = new SpanListener(store, options, _clock);
        _ = listener.StartingAsync(CancellationToken.None);
        return (store, listener);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}

[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class Alone;
