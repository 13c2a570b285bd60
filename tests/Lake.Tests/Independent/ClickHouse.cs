using System.Diagnostics;
using System.Text.Json;

namespace Pipeline.Lake.Tests.Independent;

/// <summary>ClickHouse in a process of its own, from the npm package that <c>npm install --no-save</c> in tests/chdb installs. It shares no code with the lake.</summary>
public sealed class ClickHouse : IAsyncLifetime
{
    private static readonly string? _folder = Find();

    private Process? _process;

    /// <summary>Why it is not there; null where it is.</summary>
    public static string? Missing { get; } = _folder is null
        ? "needs ClickHouse's reader: node is not installed, or `npm install --no-save` was not run in tests/chdb"
        : null;

    /// <summary>The rows of a query, each as one text; one query at a time.</summary>
    public async Task<List<string>> RowsAsync(string sql)
    {
        await _process!.StandardInput.WriteLineAsync(JsonSerializer.Serialize(sql));
        await _process.StandardInput.FlushAsync();
        var line = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("ClickHouse ended.");
        using var answer = JsonDocument.Parse(line);
        return answer.RootElement.TryGetProperty("error", out var error)
            ? throw new InvalidOperationException($"{error.GetString()}\n{sql}")
            : [.. answer.RootElement.GetProperty("rows").GetString()!.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    public Task InitializeAsync()
    {
        if (Missing is null)
        {
            _process = Process.Start(new ProcessStartInfo("node", [Path.Combine(_folder!, "reader.js")])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,

                // It reads files below the folder that it is in.
                WorkingDirectory = Path.GetTempPath(),
            });
        }

        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_process is null)
            return;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string? Find()
    {
        var programs = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!programs.Any(p => File.Exists(Path.Combine(p, "node")) || File.Exists(Path.Combine(p, "node.exe"))))
            return null;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var reader = Path.Combine(folder.FullName, "tests", "chdb");
            if (File.Exists(Path.Combine(reader, "reader.js")))
                return Directory.Exists(Path.Combine(reader, "node_modules", "chdb")) ? reader : null;
        }

        return null;
    }
}
