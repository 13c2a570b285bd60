using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Pipeline.EventLog;
using Pipeline.Postgres;
using Pipeline.Testing;

namespace Pipeline.Browser.Tests;

/// <summary>The real AppHost and a browser that looks at it, shared by the tests of a class.</summary>
public sealed class BrowserHost : IAsyncLifetime, IDisposable
{
    private static readonly string[] _browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/opt/google/chrome/chrome"];

    private readonly TempDirectory _data = new();
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Why there is no browser; null where there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>The program.</summary>
    public AppHostProcess Host { get; private set; } = null!;

    /// <summary>A client of its API.</summary>
    public HttpClient Http { get; private set; } = null!;

    /// <summary>Where screenshots are kept: output of the build.</summary>
    public static string Screenshots => Path.Combine(AppContext.BaseDirectory, "screenshots");

    public async Task InitializeAsync()
    {
        var path = Environment.GetEnvironmentVariable("PIPELINE_BROWSER") is { Length: > 0 } given ? given : _browsers.FirstOrDefault(File.Exists);
        if (path is null)
        {
            Missing = "There is no Chromium on this system; PIPELINE_BROWSER can name one.";
            return;
        }

        // Copies, so that a test may change them.
        foreach (var folder in (string[])["workflows", "notebooks"])
            Copy(Path.Combine(AppContext.BaseDirectory, folder), _data.Path(folder));
        Host = await AppHostProcess.StartAsync(_data.Path("data"), environment: new Dictionary<string, string>
        {
            ["Workflows__Folder"] = _data.Path("workflows"),
            ["Query__Notebooks"] = _data.Path("notebooks"),
            ["Purchases__CommitInterval"] = "00:00:01",
        });
        Http = new HttpClient { BaseAddress = Host.Url };
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path, Args = ["--no-sandbox"] });
        Directory.CreateDirectory(Screenshots);
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        Http?.Dispose();
        if (Host is not null)
            await Host.DisposeAsync();
    }

    public void Dispose() => _data.Dispose();

    /// <summary>Opens a page of the console. What its scripts complain of fails the test that closes it.</summary>
    public async Task<ConsolePage> OpenAsync(string path, int width = 1280, int height = 900, ColorScheme scheme = ColorScheme.Light)
    {
        var page = await _browser!.NewPageAsync(new BrowserNewPageOptions
        {
            BaseURL = Host.Url.ToString(),
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme,
        });
        page.SetDefaultTimeout(30_000);
        var opened = new ConsolePage(page);
        await page.GotoAsync(path);
        return opened;
    }

    /// <summary>Sends an event.</summary>
    public async Task SendEventAsync(string user, string name = "PageVisited")
    {
        using var response = await Http.PutAsJsonAsync("/SendEvent", new
        {
            UserId = user,
            SessionId = "s-1",
            EventName = name,
            TimeStamp = DateTimeOffset.UtcNow,
            Attributes = new { ProductId = "p-1", Price = 10, Discount = 0 },
        });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Sends an order of some pieces of a product at 10 each.</summary>
    public async Task SendOrderAsync(string order, string user, string product, int pieces)
    {
        using var response = await Http.PostAsJsonAsync("/PurchasedItems", new[]
        {
            new
            {
                SessionId = "s-1",
                TimeStamp = DateTimeOffset.UtcNow,
                UserId = user,
                TotalPrice = pieces * 10,
                OrderId = order,
                PaymentType = "PayPal",
                Products = new[] { new { ProductId = product, ItemCount = pieces, ItemPrice = 10, ItemDiscount = 0 } },
            },
        });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>An answer of the API.</summary>
    public async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(path);

    /// <summary>Puts a record into a topic past the API, as a producer with a fault would.</summary>
    public async Task AppendAsync(string topic, string key, string payload)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:warehouse"] = AppHostProcess.WarehouseOf(_data.Path("data")) }).Build();
        await using var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration).AddPostgres(configuration).AddEventLog(configuration).BuildServiceProvider();
        await services.GetRequiredService<IEventLog>().AppendAsync(topic, new NewRecord(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(payload)));
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
