using System.Diagnostics;
using System.Globalization;
using Pipeline.Postgres.Server;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

/// <summary>A host in a process of its own (Program.cs), which can be killed.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _dataDirectory;

    private HostProcess(Process process, string dataDirectory)
    {
        _process = process;
        _dataDirectory = dataDirectory;
    }

    public int Port { get; private set; }

    public int ServerProcessId { get; private set; }

    public bool Adopted { get; private set; }

    /// <summary>Starts it and does not wait for its server.</summary>
    public static HostProcess Launch(string dataDirectory, params string[] arguments)
    {
        var dotnet = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        var start = new ProcessStartInfo(dotnet) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", typeof(HostProcess).Assembly.Location, dataDirectory, .. arguments])
            start.ArgumentList.Add(argument);
        return new HostProcess(Process.Start(start)!, dataDirectory);
    }

    /// <summary>Starts it and waits until its server is ready.</summary>
    public static async Task<HostProcess> StartAsync(string dataDirectory, params string[] arguments)
    {
        var host = Launch(dataDirectory, arguments);
        var line = await host.ReadLineAsync();
        var words = line.Split(' ');
        if (words[0] != "ready")
            throw new InvalidOperationException(line);
        host.Port = int.Parse(words[1], CultureInfo.InvariantCulture);
        host.ServerProcessId = int.Parse(words[2], CultureInfo.InvariantCulture);
        host.Adopted = bool.Parse(words[3]);
        return host;
    }

    /// <summary>The next line that it says.</summary>
    public async Task<string> ReadLineAsync() => await _process.StandardOutput.ReadLineAsync() ?? "ended without a word";

    /// <summary>kill -9 of the host alone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends the host orderly.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
    }

    /// <summary>Leaves neither the host nor a server of it behind, whatever the test did.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
        var cluster = Path.Combine(_dataDirectory, "postgres", "cluster");
        if (Postmaster.Read(cluster) is { } left && left.IsRunningIn(cluster))
        {
            Native.Signal(left.ProcessId, Native.Quit);
            await Eventually.TrueAsync(() => !left.IsRunningIn(cluster));
        }
    }
}
