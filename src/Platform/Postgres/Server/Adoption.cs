using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pipeline.Postgres.Server;

/// <summary>Takes over a server that a killed host left running in the cluster.</summary>
internal sealed class Adoption(PrivatePostgresOptions options, ServerLayout layout, ServerEngine engine, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(10);

    /// <param name="password">The role's password; null when it is lost, so that a server that runs is of no use.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The server that runs and is now ours; null when none runs (any more), so that one can be started.</returns>
    public async Task<Postmaster?> TryAsync(string? password, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var server = Postmaster.Read(layout.Cluster);
            if (server is null || !server.IsRunningIn(layout.Cluster))
                return null;
            if (server.IsReady)
            {
                if (await RejectionAsync(server, password, cancellationToken) is not { } reason)
                    return server;
                Log.Restarting(logger, server.ProcessId, reason);
                await Stopper.StopAsync(server, layout.Cluster, options.StopTimeout, logger, time);
                return null;
            }

            // It recovers, or is about to end: either is only a question of time.
            if (time.GetElapsedTime(started) > options.StartTimeout)
            {
                throw new TerminalException(
                    $"PostgreSQL process {server.ProcessId} left in {layout.Cluster} is {server.Status}: not ready, nor ended, in {options.StartTimeout}.");
            }

            await Task.Delay(_poll, time, cancellationToken);
        }
    }

    private async Task<string?> RejectionAsync(Postmaster server, string? password, CancellationToken cancellationToken)
    {
        if (password is null)
            return "its password is lost";
        if (options.Port != 0 && options.Port != server.Port)
            return $"it listens on port {server.Port}, and {options.Port} is wanted";
        try
        {
            await using var connection = await ServerConnection.OpenAsync(server.Port, password, "postgres", cancellationToken);
            await using var command = new NpgsqlCommand(
                $"SELECT current_setting('data_directory'), current_setting('{ServerConfiguration.FingerprintSetting}', true)", connection);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (Native.RealPath(reader.GetString(0)) != Native.RealPath(layout.Cluster))
                return $"port {server.Port} belongs to the server of {reader.GetString(0)}";
            var fingerprint = await reader.IsDBNullAsync(1, cancellationToken) ? "" : reader.GetString(1);
            return fingerprint == ServerConfiguration.Fingerprint(engine, options.Settings) ? null : "it runs with the settings of another version";
        }
        catch (NpgsqlException e)
        {
            return e.Message;
        }
    }
}
