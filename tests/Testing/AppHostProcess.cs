using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Pipeline.Testing;

/// <summary>
/// The real AppHost as a process of its own, as a user starts it: for whole-program tests and benchmarks. The project that uses it references src/AppHost, which puts the
/// program beside the tests.
/// </summary>
public sealed class AppHostProcess : IAsyncDisposable
{
    private const int SigInt = 2;
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _stopTimeout = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly string _dataDirectory;

    private AppHostProcess(Process process, Uri url, string dataDirectory)
    {
        _process = process;
        _dataDirectory = dataDirectory;
        Url = url;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    /// <summary>Where the API answers.</summary>
    public Uri Url { get; }

    /// <summary>The process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>True when the process is gone.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>How it ended and what it wrote last; null while it runs.</summary>
    public string? Ending => !_process.HasExited ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"The AppHost ended with {_process.ExitCode}:{Environment.NewLine}{string.Join(Environment.NewLine, _output.TakeLast(100))}");

    /// <summary>All lines it wrote so far.</summary>
    public IReadOnlyList<string> Output => [.. _output];

    /// <summary>Starts the program and waits until <c>/health</c> says that it can work.</summary>
    /// <param name="dataDirectory">The data directory.</param>
    /// <param name="arguments">More arguments; <c>--generator off</c> unless they say otherwise.</param>
    /// <param name="environment">Environment variables to set.</param>
    /// <param name="port">The port to listen on; a free one unless said.</param>
    public static async Task<AppHostProcess> StartAsync(
        string dataDirectory, IEnumerable<string>? arguments = null, IReadOnlyDictionary<string, string>? environment = null, int? port = null)
    {
        var host = Launch(dataDirectory, arguments, environment, port);
        try
        {
            await host.WaitUntilHealthyAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the program without waiting for it.</summary>
    public static AppHostProcess Launch(
        string dataDirectory, IEnumerable<string>? arguments = null, IReadOnlyDictionary<string, string>? environment = null, int? port = null)
    {
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port ?? FreePort()}"));
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Pipeline.AppHost.dll"));
        string[] given = [.. arguments ?? []];
        string[] defaults = given.Contains("--generator") ? [] : ["--generator", "off"];
        foreach (var argument in (string[])["--urls", url.GetLeftPart(UriPartial.Authority), "--data", dataDirectory, .. defaults, .. given])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var host = new AppHostProcess(new Process { StartInfo = start }, url, dataDirectory);
        host._process.Start();
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Waits until <c>/health</c> says that it can work; fails with the program's output when it ends or takes too long.</summary>
    public async Task WaitUntilHealthyAsync()
    {
        using var http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(5) };
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (Ending is { } ending)
                throw new InvalidOperationException(ending);
            try
            {
                using var response = await http.GetAsync("/health");
                if (response.IsSuccessStatusCode)
                    return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && watch.Elapsed < _startTimeout)
            {
                // Not listening yet.
            }

            if (watch.Elapsed > _startTimeout)
                throw new TimeoutException($"The AppHost is not healthy after {_startTimeout.TotalSeconds} s:{Environment.NewLine}{string.Join(Environment.NewLine, _output)}");
            await Task.Delay(10);
        }
    }

    /// <summary>Waits until it has ended by itself and everything that it wrote has arrived.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> ExitAsync()
    {
        using var timeout = new CancellationTokenSource(_startTimeout);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    /// <summary>Kills the process as <c>kill -9</c> does. Its PostgreSQL lives on, for the next host to take over.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Stops it as Ctrl-C does.</summary>
    /// <param name="signals">How many signals are sent at once; runners such as <c>timeout</c> pass one on twice.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> InterruptAsync(int signals = 1)
    {
        for (var i = 0; i < signals; i++)
        {
            if (!_process.HasExited && NativeKill(_process.Id, SigInt) != 0)
                throw new InvalidOperationException("The AppHost could not be interrupted.");
        }

        using var timeout = new CancellationTokenSource(_stopTimeout);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    /// <summary>Stops the program, and the PostgreSQL that a killed one left behind.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            try
            {
                await InterruptAsync();
            }
            catch (OperationCanceledException)
            {
                await KillAsync();
            }
        }

        StopLeftPostgres();
        _process.Dispose();
    }

    /// <summary>How to connect to the private PostgreSQL of a data directory while it runs.</summary>
    public static string WarehouseOf(string dataDirectory)
    {
        var lines = File.ReadAllLines(PidFile(dataDirectory));
        var password = File.ReadAllText(Path.Combine(dataDirectory, "postgres", "password")).Trim();
        return $"Host=127.0.0.1;Port={lines[3]};Username=pipeline;Password={password};Database=pipeline";
    }

    private static string PidFile(string dataDirectory) => Path.Combine(dataDirectory, "postgres", "cluster", "postmaster.pid");

    private void StopLeftPostgres()
    {
        var pidFile = PidFile(_dataDirectory);
        if (File.Exists(pidFile) && int.TryParse(File.ReadLines(pidFile).FirstOrDefault(), CultureInfo.InvariantCulture, out var pid) && pid > 1)
            _ = NativeKill(pid, SigInt);
    }

    private void Keep(string? line)
    {
        if (line is not null)
            _output.Enqueue(line);
    }

    /// <summary>
    /// A TCP port that is free now, and likely stays so while a host that had it is started again: the system gives connections and listeners that name none others, higher ones.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(15_000, 32_000));
            try
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeKill(int pid, int signal);
}
