using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Pipeline.Browser.Tests;

/// <summary>An open page; closed, it fails where its scripts complained.</summary>
public sealed class ConsolePage : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _complaints = new();

    public ConsolePage(IPage page)
    {
        Page = page;
        page.PageError += (_, error) => _complaints.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !IsExpected)
                _complaints.Enqueue(message.Text);
        };
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Whether answers with an error are part of the test: browsers write them to their console.</summary>
    public bool IsExpected { get; set; }

    /// <summary>Waits for all parts that load after the page.</summary>
    public async Task LoadedAsync()
    {
        await Assertions.Expect(Page.Locator(".skeleton")).ToHaveCountAsync(0, new LocatorAssertionsToHaveCountOptions { Timeout = 30_000 });
    }

    public async ValueTask DisposeAsync()
    {
        await Page.CloseAsync();
        Assert.Empty(_complaints);
    }
}
