using System.Net;
using System.Text.RegularExpressions;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Lake;
using Pipeline.Testing;

namespace Pipeline.Console.Tests;

/// <summary>The console in a host without anything behind it.</summary>
public sealed partial class ConsoleHostTests : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _lake = new();
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IMediator>(new FakeMediator(request => throw new NotSupportedException(request.ToString())));
        builder.Services.AddSingleton(new LakeCatalog(ObjectStores.Open(_lake.FullPath, TimeProvider.System), new LakeOptions(), TimeProvider.System, NullLogger<LakeCatalog>.Instance));
        builder.Services.AddConsole();
        _app = builder.Build();
        _app.MapConsole();
        await _app.StartAsync();
        _http = _app.GetTestClient();
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    public void Dispose() => _lake.Dispose();

    [Fact]
    public async Task Page_NamesFilesThatAreThereAndMayBeKeptForGood()
    {
        var page = await _http.GetStringAsync(new Uri("/console/not-found", UriKind.Relative));
        var files = FileAddress().Matches(page).Select(m => m.Value).Distinct().ToList();
        Assert.Equal(["console.css", "console.js", "icon.svg", "theme.js"], files.Select(f => f[(f.LastIndexOf('/') + 1)..]).Order(StringComparer.Ordinal));
        foreach (var file in files)
        {
            using var response = await _http.GetAsync(new Uri(file, UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Contains("immutable", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        }
    }

    /// <summary>Scripts import their parts by relative addresses: none may be missing from the assembly.</summary>
    [Fact]
    public async Task Scripts_ImportOnlyWhatIsThere()
    {
        var page = await _http.GetStringAsync(new Uri("/console/not-found", UriKind.Relative));
        var folder = FileAddress().Match(page).Value;
        folder = folder[..(folder.LastIndexOf('/') + 1)];
        var pending = new Queue<string>(["console.js"]);
        var seen = new HashSet<string>(pending);
        while (pending.TryDequeue(out var name))
        {
            var script = await _http.GetStringAsync(new Uri(folder + name, UriKind.Relative));
            foreach (var imported in Import().Matches(script).Select(m => m.Groups["name"].Value).Where(seen.Add))
                pending.Enqueue(imported);
        }

        Assert.Contains("editor.js", seen);
        Assert.Contains("charts.js", seen);
    }

    [Fact]
    public async Task File_AskedForCompressed_IsSmallerAndTheSame()
    {
        var page = await _http.GetStringAsync(new Uri("/console/not-found", UriKind.Relative));
        var address = new Uri(FileAddress().Matches(page).Select(m => m.Value).First(f => f.EndsWith("console.css", StringComparison.Ordinal)), UriKind.Relative);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var response = await _http.SendAsync(request);
        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        await using var unpacked = new System.IO.Compression.GZipStream(await response.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked);
        Assert.Equal(await _http.GetStringAsync(address), await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task File_ThatIsNotThere_IsNotFound() =>
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri("/console-files/x/appsettings.json", UriKind.Relative))).StatusCode);

    [GeneratedRegex("/console-files/[^\"]+")]
    private static partial Regex FileAddress();

    [GeneratedRegex("(from|import)\\s*\\(?\"\\./(?<name>[^\"]+)\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Import();
}
