using Microsoft.Extensions.Logging;
using Pipeline.Query.Contracts;

namespace Pipeline.Query;

/// <summary>The log lines of the module. Statements are not logged: they may hold data.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "A statement for the {Engine} cannot run now: {Reason}")]
    public static partial void EngineUnavailable(ILogger logger, QueryEngine engine, string reason);

    [LoggerMessage(LogLevel.Warning, "The engine of statements over the lake broke down and is opened anew: {Reason}")]
    public static partial void EngineLost(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Debug, "The folder {Folder}, into which statements over the lake spilled, could not be removed; it is cleaned up later")]
    public static partial void SpillKept(ILogger logger, string folder);

    [LoggerMessage(LogLevel.Warning, "Columns of table {Table} cannot be read: {Reason}")]
    public static partial void TableUnreadable(ILogger logger, string table, string reason);

    [LoggerMessage(LogLevel.Information, "Statements read the warehouse as role {Role}")]
    public static partial void ReaderReady(ILogger logger, string role);

    [LoggerMessage(LogLevel.Warning, "An export broke off: {Reason}")]
    public static partial void ExportBroken(ILogger logger, string reason);
}
