using System.ComponentModel;
using System.Diagnostics;

namespace Pipeline.Postgres.Server;

/// <summary>Runs a program of the distribution, or a small system tool, as the server's user.</summary>
internal static class ServerCommand
{
    public static async Task<CommandResult> RunAsync(
        ServerUser user, string program, IReadOnlyList<string> arguments, string? libraries, CancellationToken cancellationToken, string? input = null)
    {
        using var process = Start(user, program, arguments, libraries, redirectInput: input is not null);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
                process.StandardInput.Close();
            }

            await process.WaitForExitAsync(cancellationToken);
            return new CommandResult(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public static Process Start(ServerUser user, string program, IReadOnlyList<string> arguments, string? libraries, bool redirectInput)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardInput = redirectInput,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        if (user.Name is not null)
            start.UserName = user.Name;

        // The surroundings must not change what the server does (PGDATA, PGPORT, LC_ALL, another libssl on LD_LIBRARY_PATH).
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin";
        start.Environment["LC_ALL"] = "C";
        if (libraries is not null)
            start.Environment["LD_LIBRARY_PATH"] = libraries;

        try
        {
            return Process.Start(start) ?? throw new TerminalException($"Start {program}: no process was created.");
        }
        catch (Win32Exception e)
        {
            throw new TerminalException($"Start {program}{(user.Name is null ? "" : $" as user {user.Name}")}: {e.Message}", e);
        }
    }
}

/// <summary>How a program ended and what it said.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>What it said, for an error message.</summary>
    public string Summary => string.Join(' ', $"{Errors} {Output}".Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
