using Pipeline.Testing;
using Pipeline.Testing.Otlp;

namespace Pipeline.Whole.Tests;

/// <summary>An AppHost that sends its telemetry to a collector in the tests. It refreshes when asked to and not by itself.</summary>
public sealed class TracedHost : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _data = new();

    public OtlpReceiver Receiver { get; private set; } = null!;

    public AppHostProcess Host { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Receiver = await OtlpReceiver.StartAsync();
        Host = await AppHostProcess.StartAsync(_data.FullPath, environment: new Dictionary<string, string>(Receiver.Variables)
        {
            ["Logging__LogLevel__Pipeline"] = "Debug",
            ["Purchases__CommitInterval"] = "00:00:00.500",
            ["Analytics__RefreshInterval"] = "01:00:00",
            ["Analytics__MinRefreshInterval"] = "01:00:00",
        });
    }

    public async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        await Receiver.DisposeAsync();
    }

    public void Dispose() => _data.Dispose();
}
