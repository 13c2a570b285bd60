using Microsoft.Extensions.Logging.Abstractions;
using Pipeline;
using Pipeline.Postgres;

// The smallest host: starts the server of a data directory, tells its port and process, stops it when its input ends.
try
{
    var options = new PrivatePostgresOptions { DataDirectory = args[0], StopWithParent = args.Contains("--stop-with-parent") };
    await using var server = await PrivatePostgres.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
    await Console.Out.WriteLineAsync($"ready {server.Port} {server.ProcessId} {server.Adopted}");
    await Console.In.ReadLineAsync();
    return 0;
}
catch (TerminalException e)
{
    await Console.Out.WriteLineAsync($"failed {e.Message}");
    return 1;
}
