using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Analytics.Contracts;
using Pipeline.Events.Contracts;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class OperationKindTests
{
    [Theory]
    [InlineData("""{"name":"drain-user-events"}""", typeof(DrainUserEvents), 12)]
    [InlineData("""{"name":"aggregate-user-events"}""", typeof(AggregateUserEvents), 34)]
    [InlineData("""{"name":"refresh-analytics"}""", typeof(RefreshRepeatPurchases), 56)]
    [InlineData("""{"name":"compact-purchases","with":{"all":"true"} }""", typeof(CompactPurchases), 0)]
    [InlineData("""{"name":"vacuum-purchases","with":{"dry_run":true} }""", typeof(VacuumPurchases), 0)]
    public async Task Operation_ByItsName_IsTheRequestOfItsModule(string settings, Type request, long rows)
    {
        var asked = new List<object>();
        using var host = new KindHost(services: s => s.AddScoped<IMediator>(_ => new Mediator(type => Handlers(type, asked))));
        var result = await host.RunAsync("operation", settings);
        Assert.Equal(request, Assert.Single(asked).GetType());
        Assert.Equal(rows, result.RowsWritten);
        Assert.Null(result.Output);
        Assert.All(asked.OfType<CompactPurchases>(), c => Assert.True(c.All));
        Assert.All(asked.OfType<VacuumPurchases>(), v => Assert.True(v.DryRun));
    }

    [Fact]
    public async Task Operation_ThatIsUnknown_IsFoundWhenTheWorkflowIsLoaded()
    {
        using var host = new KindHost();
        var fault = Assert.Single(host.Check("operation", """{"name":"drop-database"}"""));
        Assert.Equal("name", fault.Field);
        Assert.StartsWith("There is no operation 'drop-database'; there are aggregate-user-events, compact-purchases,", fault.Message, StringComparison.Ordinal);
        Assert.Equal(fault.Message, (await host.FailAsync<TerminalException>("operation", """{"name":"drop-database"}""")).Message);
    }

    private static object? Handlers(Type type, List<object> asked) => type switch
    {
        _ when type == typeof(IRequestHandler<DrainUserEvents, DrainedUserEvents>) => new Fake<DrainUserEvents, DrainedUserEvents>(asked, new DrainedUserEvents(12, 0, new Dictionary<int, long>())),
        _ when type == typeof(IRequestHandler<AggregateUserEvents, AggregatedUserEvents>) => new Fake<AggregateUserEvents, AggregatedUserEvents>(asked, new AggregatedUserEvents(34)),
        _ when type == typeof(IRequestHandler<RefreshRepeatPurchases, RefreshResult>) => new Fake<RefreshRepeatPurchases, RefreshResult>(asked, new RefreshResult(RefreshOutcome.Refreshed, 1, null, 56)),
        _ when type == typeof(IRequestHandler<CompactPurchases, PurchasesCompacted>) => new Fake<CompactPurchases, PurchasesCompacted>(asked, new PurchasesCompacted(2, 1, 10, 9)),
        _ when type == typeof(IRequestHandler<VacuumPurchases, PurchasesVacuumed>) => new Fake<VacuumPurchases, PurchasesVacuumed>(asked, new PurchasesVacuumed(3, 30)),
        _ => Array.CreateInstance(type.GenericTypeArguments[0], 0),
    };

    private sealed class Fake<TRequest, TResponse>(List<object> asked, TResponse answer) : IRequestHandler<TRequest, TResponse>
        where TRequest : IRequest<TResponse>
    {
        public Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken)
        {
            asked.Add(request);
            return Task.FromResult(answer);
        }
    }
}
