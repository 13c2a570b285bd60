using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Testing.Kafka;

/// <summary>
/// The mock cluster as a process of its own, for tests and benchmarks of several processes and of processes that die. It ends with the process that started it.
/// </summary>
public sealed class MockKafkaProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly SemaphoreSlim _gate = new(1, 1);

    private MockKafkaProcess(Process process, string servers)
    {
        _process = process;
        Servers = servers;
    }

    /// <summary>Where the brokers are.</summary>
    public string Servers { get; }

    /// <summary>The process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts it.</summary>
    /// <param name="brokers">How many brokers.</param>
    /// <param name="topics">Topics to create, with their partitions: clients cannot do it.</param>
    public static async Task<MockKafkaProcess> StartAsync(int brokers = 3, IReadOnlyDictionary<string, int>? topics = null)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Pipeline.Testing.dll"));
        start.ArgumentList.Add(MockKafkaProgram.Verb);
        start.ArgumentList.Add(brokers.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, partitions) in topics ?? new Dictionary<string, int>())
            start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"{name}:{partitions}"));
        var process = Process.Start(start)!;
        var servers = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The mock cluster did not start.");
        return new MockKafkaProcess(process, servers);
    }

    /// <summary>Creates a topic.</summary>
    public Task CreateTopicAsync(string name, int partitions) => CommandAsync(string.Create(CultureInfo.InvariantCulture, $"create {name} {partitions}"));

    /// <summary>Cuts a broker off; -1 for all.</summary>
    public Task TakeDownAsync(int broker) => CommandAsync(string.Create(CultureInfo.InvariantCulture, $"down {broker}"));

    /// <summary>Lets a broker take connections again; -1 for all.</summary>
    public Task BringUpAsync(int broker) => CommandAsync(string.Create(CultureInfo.InvariantCulture, $"up {broker}"));

    /// <summary>Makes the next requests of a kind fail.</summary>
    public Task FailNextAsync(short request, params int[] errors) =>
        CommandAsync(string.Create(CultureInfo.InvariantCulture, $"fail {request} {string.Join(' ', errors)}"));

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
        _gate.Dispose();
    }

    private async Task CommandAsync(string command)
    {
        await _gate.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(command);
            await _process.StandardInput.FlushAsync();
            var answer = await _process.StandardOutput.ReadLineAsync();
            if (answer != "ok")
                throw new InvalidOperationException($"The mock cluster, {command}: {answer}");
        }
        finally
        {
            _gate.Release();
        }
    }
}
