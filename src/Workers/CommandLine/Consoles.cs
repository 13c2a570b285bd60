using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine;

/// <summary>Where a command writes: results to standard output, trouble and the progress of <c>--json</c> runs to standard error.</summary>
internal sealed class Consoles
{
    private const int Unwrapped = 10_000;

    public Consoles(TextWriter output, TextWriter error)
    {
        Out = Create(output);
        Error = Create(error);
    }

    public IAnsiConsole Out { get; }

    public IAnsiConsole Error { get; }

    /// <summary>Writes one sentence on standard error.</summary>
    public void Fail(string message) => Error.WriteLine(message.EndsWith('.') ? message : message + ".");

    /// <summary>Writes text as it is, for programs to read.</summary>
    public void WriteRaw(string text) => Out.Profile.Out.Writer.WriteLine(text);

    /// <summary>Writes a value as JSON, for programs to read.</summary>
    public void WriteJson<T>(T value, JsonTypeInfo<T> type) => WriteRaw(JsonSerializer.Serialize(value, type));

    /// <summary>Shows a line of state until the work ends: on a terminal in place, each second; elsewhere as lines, every five seconds.</summary>
    public static async Task ShowWhileAsync(IAnsiConsole console, TimeProvider time, Func<string> line, Task work)
    {
        if (console.Profile.Out.IsTerminal && console.Profile.Capabilities.Interactive)
        {
            // The spinner and its space come before the text; a longer text would wrap.
            var width = Math.Max(console.Profile.Width - 4, 1);
            await console.Status().StartAsync("...", async context =>
            {
                while (!await EndsWithinAsync(work, TimeSpan.FromSeconds(1), time))
                {
                    var text = line();
                    context.Status(Markup.Escape(text.Length > width ? text[..width] : text));
                }
            });
        }
        else
        {
            while (!await EndsWithinAsync(work, TimeSpan.FromSeconds(5), time))
                console.WriteLine(line());
        }
    }

    private static async Task<bool> EndsWithinAsync(Task work, TimeSpan patience, TimeProvider time)
    {
        using var waiting = new CancellationTokenSource();
        var first = await Task.WhenAny(work, Task.Delay(patience, time, waiting.Token));
        await waiting.CancelAsync();
        return first == work;
    }

    private static IAnsiConsole Create(TextWriter writer)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (!console.Profile.Out.IsTerminal)
            console.Profile.Width = Unwrapped;
        return console;
    }
}
