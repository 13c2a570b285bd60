using Pipeline.Postgres.Server;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

/// <summary>A cluster that was started and stopped before, to be copied: quicker than making one for each test.</summary>
public sealed class ClusterTemplate : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _template = new();

    public async Task<TempDirectory> PrepareAsync()
    {
        var directory = new TempDirectory();
        var copied = await ServerCommand.RunAsync(ServerUser.Host, "cp", ["-a", _template.Data(), directory.Data()], null, CancellationToken.None);
        return copied.ExitCode == 0 ? directory : throw new InvalidOperationException(copied.Summary);
    }

    public async Task InitializeAsync()
    {
        await using (var server = await _template.StartAsync())
        {
        }

        // Copies start on ports of their own.
        File.Delete(_template.Path("data", "postgres", "postgresql.conf"));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _template.Dispose();
}
