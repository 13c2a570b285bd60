using System.Net.Sockets;
using MongoDB.Driver;

namespace Pipeline.Events.Mongo;

/// <summary>Tells errors of MongoDB that may pass from those that stay.</summary>
internal static class MongoErrors
{
    /// <summary>A key is there already.</summary>
    public const int DuplicateKey = 11000;

    /// <summary>The label of what a server says may be sent again.</summary>
    private const string RetryableLabel = "RetryableWriteError";

    /// <summary>
    /// Codes of servers that are away, change their role, are full or slow, or had another writer in the way. https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
    /// </summary>
    private static readonly HashSet<int> _transient =
    [
        6, // HostUnreachable
        7, // HostNotFound
        24, // LockTimeout
        43, // CursorNotFound
        46, // LockBusy
        50, // MaxTimeMSExpired
        64, // WriteConcernFailed
        89, // NetworkTimeout
        91, // ShutdownInProgress
        112, // WriteConflict
        133, // FailedToSatisfyReadPreference
        134, // ReadConcernMajorityNotAvailableYet
        175, // QueryPlanKilled
        189, // PrimarySteppedDown
        202, // NetworkInterfaceExceededTimeLimit
        262, // ExceededTimeLimit
        9001, // SocketException
        10058, // LegacyNotPrimary
        10107, // NotWritablePrimary
        11600, // InterruptedAtShutdown
        11601, // Interrupted
        11602, // InterruptedDueToReplStateChange
        13388, // StaleConfig
        13435, // NotPrimaryNoSecondaryOk
        13436, // NotPrimaryOrSecondary
        14031, // OutOfDiskSpace
        DuplicateKey, // two that add the same pair at once: the one that comes again finds it
    ];

    /// <summary>
    /// Turns an error into a <see cref="TransientException"/> or <see cref="TerminalException"/>. Errors of these two types and cancellations come back as they are.
    /// </summary>
    /// <param name="exception">What was caught.</param>
    /// <param name="operation">What was tried and on what, as the beginning of a sentence.</param>
    public static Exception Translate(Exception exception, string operation)
    {
        if (exception is TransientException or TerminalException or OperationCanceledException)
            return exception;
        var message = $"{operation}: {exception.Message}";
        return IsTransient(exception) ? new TransientException(message, exception) : new TerminalException(message, exception);
    }

    /// <summary>Whether nothing went wrong with an unordered write but that documents were there already.</summary>
    public static bool OnlyDuplicates(MongoBulkWriteException exception) =>
        exception.WriteConcernError is null && exception.WriteErrors.Count > 0 && exception.WriteErrors.All(e => e.Code == DuplicateKey);

    private static bool IsTransient(Exception? exception) => exception switch
    {
        null => false,
        TransientException => true,

        // Refused by the server, not lost on the way.
        MongoAuthenticationException authentication => authentication.InnerException is not MongoCommandException && IsTransient(authentication.InnerException),
        MongoConnectionException or MongoConnectionPoolPausedException or MongoWaitQueueFullException => true,
        MongoNotPrimaryException or MongoNodeIsRecoveringException or MongoExecutionTimeoutException or MongoCursorNotFoundException => true,
        MongoBulkWriteException bulk => bulk.WriteConcernError is not null || bulk.WriteErrors.Any(e => _transient.Contains(e.Code)),
        MongoWriteConcernException => true,
        MongoCommandException command => _transient.Contains(command.Code) || command.HasErrorLabel(RetryableLabel),
        MongoException { InnerException: not null } other => other.HasErrorLabel(RetryableLabel) || IsTransient(other.InnerException),
        SocketException or IOException or TimeoutException => true,
        _ => false,
    };
}
