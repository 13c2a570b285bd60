using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Spectre.Console;

namespace Pipeline.AppHost;

/// <summary>The command line of the AppHost.</summary>
internal static class AppHostCommand
{
    private const int Failed = 1;
    private const int Interrupted = 130;

    /// <summary>The first Ctrl-C stops cleanly, one after this time at once. Runners such as <c>timeout</c> pass a signal on twice: that is one.</summary>
    private static readonly TimeSpan _repeat = TimeSpan.FromMilliseconds(500);

    public static async Task<int> InvokeAsync(string[] args)
    {
        var urls = new Option<string>("--urls") { Description = "Where the API listens: loopback, or with access keys (Access__Keys__0=KEY) any address.", DefaultValueFactory = _ => "http://127.0.0.1:5080", HelpName = "URL" };
        var data = new Option<DirectoryInfo>("--data") { Description = "Where everything is kept: log, counts, warehouse, lake.", DefaultValueFactory = _ => new DirectoryInfo(".pipeline"), HelpName = "DIR" };
        var generator = new Option<double>("--generator")
        {
            Description = "Made-up traffic: off, or events per second (orders come along at 8 per 100 events).",
            HelpName = "off|RATE",
            DefaultValueFactory = _ => AppHostOptions.DefaultEventsPerSecond,
            CustomParser = result =>
            {
                var text = result.Tokens.Single().Value;
                if (text.Equals("off", StringComparison.OrdinalIgnoreCase))
                    return 0;
                if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate) && rate is >= 0 and <= 100_000)
                    return rate;
                result.AddError($"--generator takes off or a rate from 0 to 100000, not '{text}'.");
                return 0;
            },
        };
        var command = new RootCommand("Starts Pipeline on this machine: HTTP API, workers, a private PostgreSQL, the lake, and a traffic generator. Ctrl-C stops it.")
        {
            urls, data, generator,
        };
        command.SetAction(async (parsed, _) =>
        {
            var options = new AppHostOptions(parsed.GetValue(urls)!, parsed.GetValue(data)!.FullName, parsed.GetValue(generator));
            return await RunAsync(options);
        });
        // The host itself answers signals: it needs its time to stop cleanly.
        return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static async Task<int> RunAsync(AppHostOptions options)
    {
        using var stop = new CancellationTokenSource();
        var interrupted = 0L;
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            if (interrupted == 0)
                interrupted = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(interrupted) > _repeat)
                Environment.Exit(Interrupted);
            Stop(stop, context);
        });
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(stop, context));
        var console = CreateConsole();
        try
        {
            await EmbeddedStack.RunAsync(options, console, stop.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (Explain(e, options) is { } sentence)
        {
            console.WriteLine(sentence);
            return Failed;
        }
    }

    /// <summary>Colours and line breaks are for terminals: what goes to a file or a pipe stays one plain line a message.</summary>
    private static IAnsiConsole CreateConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings());
        if (console.Profile.Out.IsTerminal)
            return console;
        console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        console.Profile.Width = ushort.MaxValue;
        return console;
    }

    private static void Stop(CancellationTokenSource stop, PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }

    /// <summary>Says in a sentence what a person can mend; null for what is a defect and needs its stack.</summary>
    private static string? Explain(Exception exception, AppHostOptions options) => exception switch
    {
        TerminalException or TransientException => exception.Message,
        Microsoft.Extensions.Options.OptionsValidationException validation => "The configuration is not valid: " + string.Join(" ", validation.Failures),
        IOException when exception.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException =>
            $"{options.Url} is in use by another program: stop it, or choose another address with --urls.",
        UnauthorizedAccessException => $"{exception.Message} Choose another folder with --data.",
        _ => null,
    };
}
