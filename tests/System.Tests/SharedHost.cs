using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>One AppHost for the tests of a class that do not disturb each other.</summary>
public sealed class SharedHost : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _data = new();

    public AppHostProcess Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await AppHostProcess.StartAsync(_data.FullPath);

    public async Task DisposeAsync() => await Host.DisposeAsync();

    public void Dispose() => _data.Dispose();
}
