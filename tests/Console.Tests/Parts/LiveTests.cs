using AngleSharp.Dom;
using Microsoft.AspNetCore.Components;
using Pipeline.Console.Parts;

namespace Pipeline.Console.Tests.Parts;

public sealed class LiveTests : IDisposable
{
    private readonly ComponentHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Page_HasWhatIsFastAndAPlaceForWhatIsSlow()
    {
        Assert.Equal("content", (await RenderAsync(lazy: false)).TextContent.Trim());
        var slow = await RenderAsync(lazy: true);
        Assert.Empty(slow.TextContent.Trim());
        Assert.Equal("true", slow.QuerySelector("#part")!.GetAttribute("data-lazy"));
        Assert.Contains("min-height:160px", slow.QuerySelector(".skeleton")!.GetAttribute("style"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PartAskedFor_HasItsContent_AlsoWhereItIsLazy()
    {
        _host.Request.Request.Headers[Live.Header] = "other,part";
        var part = await RenderAsync(lazy: true);
        Assert.Equal("content", part.TextContent.Trim());
        Assert.Null(part.QuerySelector("#part")!.GetAttribute("data-lazy"));
    }

    [Fact]
    public async Task PartNotAskedFor_IsNotEvenComputed()
    {
        _host.Request.Request.Headers[Live.Header] = "other";
        var computed = false;
        var part = await RenderAsync(lazy: false, () => computed = true);
        Assert.Null(part.QuerySelector("#part"));
        Assert.False(computed);
    }

    [Fact]
    public async Task PartThatFails_TellsWhyInItsPlace()
    {
        var part = await RenderAsync(lazy: false, () => throw new TransientException("Read table x: the store does not answer."));
        var told = part.QuerySelector("#part [role=alert]")!.TextContent;
        Assert.Contains("This cannot be shown right now", told, StringComparison.Ordinal);
        Assert.Contains("Read table x: the store does not answer.", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PartThatFailsUnexpectedly_KeepsItsDetailsToItself()
    {
        var part = await RenderAsync(lazy: false, () => throw new InvalidOperationException("Password=secret"));
        Assert.NotNull(part.QuerySelector("[role=alert]"));
        Assert.DoesNotContain("secret", part.InnerHtml, StringComparison.Ordinal);
    }

    private Task<IElement> RenderAsync(bool lazy, Action? compute = null) => _host.RenderAsync<Live>(
        ("Id", "part"), ("Lazy", lazy), ("Every", 2), ("ChildContent", (RenderFragment)(builder =>
        {
            builder.OpenComponent<Content>(0);
            builder.AddComponentParameter(1, nameof(Content.Compute), compute);
            builder.CloseComponent();
        })));

    /// <summary>Asks for its data after a while, as components do.</summary>
    private sealed class Content : ComponentBase
    {
        [Parameter] public Action? Compute { get; set; }

        protected override async Task OnInitializedAsync()
        {
            await Task.Yield();
            Compute?.Invoke();
        }

        protected override void BuildRenderTree(Microsoft.AspNetCore.Components.Rendering.RenderTreeBuilder builder) => builder.AddContent(0, "content");
    }
}
