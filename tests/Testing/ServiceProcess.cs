using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Testing;

/// <summary>
/// One of the programs (Api, Workers) as a process of its own. The project that uses it references the program, which puts it beside the tests.
/// </summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private ServiceProcess(Process process, Uri url)
    {
        _process = process;
        Url = url;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    /// <summary>Where it answers.</summary>
    public Uri Url { get; }

    /// <summary>The process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>How it ended and what it wrote last; null while it runs.</summary>
    public string? Ending => !_process.HasExited ? null : string.Create(
        CultureInfo.InvariantCulture, $"The process ended with {_process.ExitCode}:{Environment.NewLine}{string.Join(Environment.NewLine, Output.TakeLast(100))}");

    /// <summary>All lines it wrote so far.</summary>
    public IReadOnlyList<string> Output => [.. _output];

    /// <summary>Starts a program without waiting for it.</summary>
    /// <param name="program">The file's name, such as <c>Pipeline.Workers.dll</c>.</param>
    /// <param name="environment">Environment variables to set.</param>
    /// <param name="arguments">Arguments before the address.</param>
    public static ServiceProcess Launch(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Launch(program, environment, AppHostProcess.FreePort(), arguments);

    /// <summary>As the other one, on a port that is known.</summary>
    public static ServiceProcess Launch(string program, IReadOnlyDictionary<string, string> environment, int port, params string[] arguments)
    {
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, program), .. arguments, "--urls", url.GetLeftPart(UriPartial.Authority)])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var service = new ServiceProcess(new Process { StartInfo = start }, url);
        service._process.Start();
        service._process.BeginOutputReadLine();
        service._process.BeginErrorReadLine();
        return service;
    }

    /// <summary>Waits until <c>/health</c> says that it can work; fails with its output when it ends or takes too long.</summary>
    public async Task HealthyAsync()
    {
        using var http = new HttpClient { BaseAddress = Url };
        await Eventually.TrueAsync(
            async () =>
            {
                if (Ending is { } ending)
                    throw new InvalidOperationException(ending);
                return (await http.GetAsync("/health")).IsSuccessStatusCode;
            },
            _startTimeout,
            () => string.Join(Environment.NewLine, Output.TakeLast(100)));
    }

    /// <summary>Kills it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Kills it where it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
            _output.Enqueue(line);
    }
}
