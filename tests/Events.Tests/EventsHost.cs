using FluentValidation;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.EventLog;
using Pipeline.Events.Application;
using Pipeline.Postgres;

namespace Pipeline.Events.Tests;

/// <summary>A host with the module, the log and PostgreSQL as the product has them, on a database of a test.</summary>
internal sealed class EventsHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EventsHost(WebApplication app)
    {
        _app = app;
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Client = new HttpClient { BaseAddress = new Uri(address) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public IUserEventStore Store => Services.GetRequiredService<IUserEventStore>();

    public IEventLog Log => Services.GetRequiredService<IEventLog>();

    public NpgsqlDataSource Database => Services.GetRequiredService<NpgsqlDataSource>();

    public static async Task<EventsHost> StartAsync(
        string connectionString, bool workers = false, Action<IServiceCollection>? configure = null, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["ConnectionStrings:warehouse"] = connectionString;
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["EventLog:SessionTimeout"] = "00:00:05";
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        builder.Services.AddPostgres(builder.Configuration).AddEventLog(builder.Configuration).AddEvents(builder.Configuration);
        if (workers)
            builder.Services.AddEventsWorkers(builder.Configuration);
        AddMediation(builder.Services);
        configure?.Invoke(builder.Services);

        var app = builder.Build();
        app.Use(ReportInvalidAsync);
        app.MapEvents();
        await app.StartAsync();
        return new EventsHost(app);
    }

    public async Task<T> SendAsync<T>(IRequest<T> request)
    {
        await using var scope = Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(request);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void AddMediation(IServiceCollection services)
    {
        services.AddScoped<ServiceFactory>(provider => provider.GetService!);
        services.AddScoped<IMediator, Mediator>();
        services.AddScoped(typeof(IPipelineBehavior<,>), typeof(Validation<,>));
        foreach (var type in EventsModule.Assembly.GetTypes().Where(t => t is { IsClass: true, IsAbstract: false }))
        {
            foreach (var contract in type.GetInterfaces().Where(i => i.IsGenericType && IsHandler(i.GetGenericTypeDefinition())))
                services.AddScoped(contract, type);
        }
    }

    private static bool IsHandler(Type contract) => contract == typeof(IRequestHandler<,>) || contract == typeof(IValidator<>);

    private static async Task ReportInvalidAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (ValidationException e)
        {
            var errors = e.Errors.GroupBy(f => f.PropertyName).ToDictionary(g => g.Key, g => g.Select(f => f.ErrorMessage).ToArray());
            await TypedResults.ValidationProblem(errors).ExecuteAsync(context);
        }
    }

    private sealed class Validation<TRequest, TResponse>(IEnumerable<IValidator<TRequest>> validators) : IPipelineBehavior<TRequest, TResponse>
    {
        public Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
        {
            foreach (var validator in validators)
                validator.ValidateAndThrow(request);
            return next();
        }
    }
}
