using System.Diagnostics;
using FluentValidation;
using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.ServiceDefaults.Mediation;

namespace Pipeline.ServiceDefaults.Tests;

public sealed class MediationTests
{
    [Fact]
    public async Task Send_ValidRequest_ReachesItsHandler()
    {
        await using var provider = Build();
        Assert.Equal("hello Ada", await Mediator(provider).Send(new Greet("Ada")));
    }

    [Fact]
    public async Task Send_InvalidRequest_IsRefusedBeforeTheHandler()
    {
        await using var provider = Build();
        var error = await Assert.ThrowsAsync<ValidationException>(() => Mediator(provider).Send(new Greet("")));
        Assert.Equal("Name", Assert.Single(error.Errors).PropertyName);
    }

    [Fact]
    public async Task Publish_Notification_ReachesEveryHandler()
    {
        await using var provider = Build();
        var heard = new Heard();
        await Mediator(provider).Publish(heard);
        Assert.Equal(["first", "second"], heard.By.Order());
    }

    [Fact]
    public async Task AddMediation_Twice_RegistersEachBehaviourAndHandlerOnce()
    {
        var services = new ServiceCollection().AddMediation(typeof(MediationTests).Assembly).AddMediation(typeof(MediationTests).Assembly);
        await using var provider = services.BuildServiceProvider();
        using var scope = provider.CreateScope();
        var behaviours = scope.ServiceProvider.GetServices<IPipelineBehavior<Greet, string>>().Select(b => b.GetType().Name).ToArray();
        Assert.Equal(["TelemetryBehavior`2", "ValidationBehavior`2"], behaviours);
        Assert.Single(scope.ServiceProvider.GetServices<IRequestHandler<Greet, string>>());
        Assert.Equal(2, scope.ServiceProvider.GetServices<INotificationHandler<Heard>>().Count());
    }

    [Fact]
    public async Task Send_Traced_MakesASpanWithItsOutcome()
    {
        await using var provider = Build();
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Pipeline.UseCases",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await Mediator(provider).Send(new Greet("Ada"));
        await Assert.ThrowsAsync<ValidationException>(() => Mediator(provider).Send(new Greet("")));
        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Error], spans.Where(s => s.OperationName == nameof(Greet)).Select(s => s.Status));
    }

    private static ServiceProvider Build() => new ServiceCollection().AddMediation(typeof(MediationTests).Assembly).BuildServiceProvider();

    private static IMediator Mediator(IServiceProvider provider) => provider.CreateScope().ServiceProvider.GetRequiredService<IMediator>();

    internal sealed record Greet(string Name) : IRequest<string>;

    internal sealed class GreetHandler : IRequestHandler<Greet, string>
    {
        public Task<string> Handle(Greet request, CancellationToken cancellationToken) => Task.FromResult($"hello {request.Name}");
    }

    internal sealed class GreetValidator : AbstractValidator<Greet>
    {
        public GreetValidator() => RuleFor(x => x.Name).NotEmpty();
    }

    internal sealed record Heard : INotification
    {
        public List<string> By { get; } = [];
    }

    internal sealed class First : INotificationHandler<Heard>
    {
        public Task Handle(Heard notification, CancellationToken cancellationToken)
        {
            notification.By.Add("first");
            return Task.CompletedTask;
        }
    }

    internal sealed class Second : INotificationHandler<Heard>
    {
        public Task Handle(Heard notification, CancellationToken cancellationToken)
        {
            notification.By.Add("second");
            return Task.CompletedTask;
        }
    }
}
