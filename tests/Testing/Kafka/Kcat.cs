using System.Diagnostics;

namespace Pipeline.Testing.Kafka;

/// <summary>kcat, a Kafka client that is not ours: what it sees is what the brokers have.</summary>
public static class Kcat
{
    private const string Program = "/usr/bin/kcat";

    /// <summary>Why it cannot be used; null where it can.</summary>
    public static string? Missing => File.Exists(Program) ? null : "kcat is not installed";

    /// <summary>Runs it and returns what it prints.</summary>
    /// <exception cref="InvalidOperationException">It ended with an error.</exception>
    public static async Task<string> RunAsync(string servers, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])["-b", servers, .. arguments])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"kcat: {await errors}");
    }

    /// <summary>The records of a topic whose value has a text in it, a line each: partition, offset, time in milliseconds, headers.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(string servers, string topic, string text)
    {
        const char Separator = '\t';
        var lines = (await RunAsync(servers, "-C", "-t", topic, "-e", "-q", "-f", "%p/%o %T %h\t%s\n")).Split('\n');
        return [.. lines.Select(l => l.Split(Separator, 2)).Where(l => l.Length == 2 && l[1].Contains(text, StringComparison.Ordinal)).Select(l => l[0])];
    }
}
