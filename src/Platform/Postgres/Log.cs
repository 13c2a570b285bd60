using Microsoft.Extensions.Logging;

namespace Pipeline.Postgres;

internal static partial class Log
{
    [LoggerMessage(
        1, LogLevel.Information,
        "PostgreSQL {Version} runs on 127.0.0.1:{Port} as process {ProcessId}, its files are in {Directory} (adopted: {Adopted}, {Milliseconds} ms)")]
    public static partial void Started(ILogger logger, string version, int port, int processId, string directory, bool adopted, long milliseconds);

    [LoggerMessage(2, LogLevel.Information, "PostgreSQL process {ProcessId} stopped in {Milliseconds} ms")]
    public static partial void Stopped(ILogger logger, int processId, long milliseconds);

    [LoggerMessage(3, LogLevel.Warning, "PostgreSQL process {ProcessId} did not stop within {Timeout}; stopping it at once, the next start will recover")]
    public static partial void StopForced(ILogger logger, int processId, TimeSpan timeout);

    [LoggerMessage(4, LogLevel.Warning, "PostgreSQL in {Source} cannot be used from there ({Reason}); using the copy {Copy}")]
    public static partial void EngineCopied(ILogger logger, string source, string copy, string reason);

    [LoggerMessage(5, LogLevel.Warning, "The user {User} cannot enter {Directory}; PostgreSQL keeps its files in {Elsewhere}")]
    public static partial void Relocated(ILogger logger, string directory, string user, string elsewhere);

    [LoggerMessage(6, LogLevel.Warning, "Removed the stale file {File}: process {ProcessId} is not the server of this cluster")]
    public static partial void StaleFileRemoved(ILogger logger, string file, int processId);

    [LoggerMessage(7, LogLevel.Information, "PostgreSQL process {ProcessId} was left by an earlier host, but cannot be taken over ({Reason}); restarting it")]
    public static partial void Restarting(ILogger logger, int processId, string reason);

    [LoggerMessage(8, LogLevel.Warning, "Port {Port} was taken before PostgreSQL could use it; trying another")]
    public static partial void PortTaken(ILogger logger, int port);

    [LoggerMessage(9, LogLevel.Information, "The cluster {Cluster} was created")]
    public static partial void ClusterCreated(ILogger logger, string cluster);

    [LoggerMessage(11, LogLevel.Warning, "The file {File} was missing; the server's password was set anew")]
    public static partial void PasswordReset(ILogger logger, string file);

    [LoggerMessage(12, LogLevel.Warning, "The folder {Folder} of a start that broke off could not be removed: {Reason}")]
    public static partial void LeftoverKept(ILogger logger, string folder, string reason);

    [LoggerMessage(13, LogLevel.Warning, "The database cannot be migrated yet, trying again: {Reason}")]
    public static partial void MigrationDelayed(ILogger logger, string reason);

    [LoggerMessage(14, LogLevel.Warning, "Ending PostgreSQL process {ProcessId}, which outlived its killed server")]
    public static partial void OrphanEnded(ILogger logger, int processId);

    [LoggerMessage(15, LogLevel.Critical, "PostgreSQL process {ProcessId} has ended; starting it again. What it said last is in {LogFile}")]
    public static partial void Ended(ILogger logger, int processId, string logFile);

    [LoggerMessage(16, LogLevel.Warning, "PostgreSQL runs again on 127.0.0.1:{Port} as process {ProcessId}")]
    public static partial void StartedAgain(ILogger logger, int port, int processId);

    [LoggerMessage(17, LogLevel.Error, "PostgreSQL could not be started again, next try in {Pause}: {Reason}")]
    public static partial void NotStartedAgain(ILogger logger, TimeSpan pause, string reason);

    [LoggerMessage(10, LogLevel.Information, "Migration {Module}/{Number:D4}_{Name} was applied in {Milliseconds} ms")]
    public static partial void Migrated(ILogger logger, string module, int number, string name, long milliseconds);
}
