using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using MediatR;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Pipeline.Console.Tests;

/// <summary>Renders components as the server does, without a server: their HTML is what a browser gets.</summary>
internal sealed class ComponentHost : IDisposable
{
    private readonly ServiceProvider _services;
    private readonly HtmlRenderer _renderer;

    /// <summary>Makes a host.</summary>
    /// <param name="answer">Answers the requests that components send; without it they have no mediator.</param>
    /// <param name="now">The time.</param>
    public ComponentHost(Func<object, object?>? answer = null, DateTimeOffset? now = null)
    {
        var services = new ServiceCollection()
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton<IErrorBoundaryLogger, Errors>()
            .AddSingleton<TimeProvider>(now is { } fixedTime ? new FixedTime(fixedTime) : TimeProvider.System);
        if (answer is not null)
            services.AddSingleton<IMediator>(new FakeMediator(answer));
        _services = services.BuildServiceProvider();
        _renderer = new HtmlRenderer(_services, NullLoggerFactory.Instance);
    }

    /// <summary>The request that is answered.</summary>
    public DefaultHttpContext Request { get; } = new();

    /// <summary>The elements of a component, in a body.</summary>
    public async Task<IElement> RenderAsync<T>(params (string Name, object? Value)[] parameters)
        where T : IComponent
    {
        RenderFragment content = builder =>
        {
            builder.OpenComponent<T>(0);
            builder.AddMultipleAttributes(1, parameters.Select(p => KeyValuePair.Create(p.Name, p.Value!)));
            builder.CloseComponent();
        };
        var html = await _renderer.Dispatcher.InvokeAsync(async () =>
        {
            var root = await _renderer.RenderComponentAsync<CascadingValue<HttpContext>>(ParameterView.FromDictionary(new Dictionary<string, object?>
            {
                [nameof(CascadingValue<HttpContext>.Value)] = Request,
                [nameof(CascadingValue<HttpContext>.ChildContent)] = content,
            }));
            return root.ToHtmlString();
        });
        return new HtmlParser().ParseDocument($"<body>{html}</body>").Body!;
    }

    public void Dispose()
    {
        _renderer.Dispose();
        _services.Dispose();
    }

    private sealed class Errors : IErrorBoundaryLogger
    {
        public ValueTask LogErrorAsync(Exception exception) => ValueTask.CompletedTask;
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
