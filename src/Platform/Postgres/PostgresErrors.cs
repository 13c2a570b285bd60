using System.Net.Sockets;
using Npgsql;

namespace Pipeline.Postgres;

/// <summary>Tells errors of PostgreSQL that may pass from those that stay.</summary>
public static class PostgresErrors
{
    private const string ConnectionClass = "08";
    private const string ResourcesClass = "53";
    private const string IdleInTransactionTimeout = "25P03";
    private const string IdleSessionTimeout = "57P05";
    private const string TransactionTimeout = "25P04";

    /// <summary>
    /// Turns an error into a <see cref="TransientException"/> or <see cref="TerminalException"/>.
    /// Errors of these two types and cancellations come back as they are.
    /// </summary>
    /// <param name="exception">What was caught.</param>
    /// <param name="operation">What was tried and on what, as the beginning of a sentence: <c>Append to topic orders</c>.</param>
    /// <returns>The exception to throw.</returns>
    public static Exception Translate(Exception exception, string operation)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (exception is TransientException or TerminalException or OperationCanceledException)
            return exception;
        var reason = exception is PostgresException { SqlState: var state } postgres ? $"{postgres.MessageText} ({state})" : exception.Message;
        var message = $"{operation}: {reason}";
        return IsTransient(exception) ? new TransientException(message, exception) : new TerminalException(message, exception);
    }

    /// <summary>
    /// Whether the same call may succeed later: the connection was lost or refused, the server shuts down, starts or is full, memory or disk ran out,
    /// another transaction was in the way, a time limit passed.
    /// </summary>
    public static bool IsTransient(Exception? exception) => exception switch
    {
        null => false,
        TransientException => true,
        PostgresException postgres => IsTransient(postgres.SqlState),
        NpgsqlException npgsql => npgsql.IsTransient || IsTransient(npgsql.InnerException),
        SocketException or IOException or TimeoutException => true,
        _ => false,
    };

    private static bool IsTransient(string state) => state switch
    {
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected => true,
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.ObjectInUse => true,
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => true,
        PostgresErrorCodes.QueryCanceled or IdleInTransactionTimeout or IdleSessionTimeout or TransactionTimeout => true,
        PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.IoError => true,
        _ => state.StartsWith(ConnectionClass, StringComparison.Ordinal) || state.StartsWith(ResourcesClass, StringComparison.Ordinal),
    };
}
