using System.CommandLine;
using System.CommandLine.Help;

namespace Pipeline.Workers.CommandLine;

/// <summary>What the program returns to its caller.</summary>
internal static class ExitCode
{
    /// <summary>Done, or stopped as wanted.</summary>
    public const int Ok = 0;

    /// <summary>Not done, or not all of it; one sentence on standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;
}

/// <summary>
/// Runs the worker host with the arguments that are left for its configuration, until it is cancelled; returns the exit code.
/// </summary>
internal delegate Task<int> RunHost(string[] args, CancellationToken cancellationToken);

/// <summary>The command line of the Workers program: the worker host, the traffic generator, the replay of retail files, workflows, reports, and a look into the lake.</summary>
internal static class WorkersCommandLine
{
    private static readonly TimeSpan _stopTime = TimeSpan.FromSeconds(10);

    /// <summary>Runs the program.</summary>
    /// <param name="args">Its arguments.</param>
    /// <param name="runHost">The worker host, which the commands <c>run</c> and none run; without it there is no such command and none prints the help.</param>
    /// <param name="output">Where results go; by default standard output.</param>
    /// <param name="error">Where trouble goes; by default standard error.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it; so does Ctrl-C.</param>
    public static async Task<int> InvokeAsync(
        string[] args, RunHost? runHost = null, TextWriter? output = null, TextWriter? error = null, TimeProvider? time = null,
        CancellationToken cancellationToken = default)
    {
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = _stopTime, EnableDefaultExceptionHandler = false };
        if (output is not null)
            configuration.Output = output;
        if (error is not null)
            configuration.Error = error;
        var consoles = new Consoles(configuration.Output, configuration.Error);
        var parsed = Create(runHost, consoles, time ?? TimeProvider.System).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var parseError in parsed.Errors)
                consoles.Fail(parseError.Message);
            var command = parsed.CommandResult.Command;
            consoles.Fail($"See {(command is RootCommand ? "" : command.Name + " ")}--help");
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (Exception e) when (e is TransientException or TerminalException)
        {
            consoles.Fail(e.Message);
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            consoles.Fail("Stopped");
            return ExitCode.Failed;
        }
    }

    /// <summary>The commands and their options.</summary>
    internal static RootCommand Create(RunHost? runHost, Consoles consoles, TimeProvider time)
    {
        var root = new RootCommand("The background workers of Pipeline, its traffic generator, the replay of retail files, workflows, reports, and a look into the lake.")
        {
            GenerateCommand.Create(consoles, time),
            ReplayCommand.Create(consoles, time),
            Workflows.WorkflowCommands.Create(consoles, time),
            Api.ReportCommand.Create(consoles),
            Lake.LakeCommands.Create(consoles, time),
        };
        if (runHost is null)
        {
            var help = new HelpAction();
            root.SetAction(help.Invoke);
            return root;
        }

        var run = new Command(
            "run", "Run the worker host: consumers and background tasks. The default. Further arguments are configuration, as --Section:Key VALUE.")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        run.SetAction((parsed, cancellationToken) => runHost([.. parsed.UnmatchedTokens], cancellationToken));
        root.Add(run);
        root.SetAction((_, cancellationToken) => runHost([], cancellationToken));
        return root;
    }
}
