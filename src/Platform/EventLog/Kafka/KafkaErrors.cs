using Confluent.Kafka;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>Translates errors of Kafka to <see cref="TransientException"/> and <see cref="TerminalException"/>.</summary>
internal static class KafkaErrors
{
    /// <summary>The error as one of the port's; the message names the operation.</summary>
    public static Exception Translate(Exception error, string operation) => error switch
    {
        TransientException or TerminalException or OperationCanceledException => error,
        KafkaException kafka => Create(kafka.Error.Code, operation, kafka.Error.Reason, error),
        TimeoutException => new TransientException($"{operation}: {error.Message}", error),
        _ => new TerminalException($"{operation}: {error.Message}", error),
    };

    /// <summary>The error of a code.</summary>
    public static Exception Create(ErrorCode code, string operation, string? reason = null, Exception? cause = null)
    {
        var message = $"{operation}: {(string.IsNullOrEmpty(reason) ? Describe(code) : reason)}";
        return IsTerminal(code) ? new TerminalException(message, cause) : new TransientException(message, cause);
    }

    /// <summary>What a code means.</summary>
    public static unsafe string Describe(ErrorCode code) => NativeText.Of(NativeMethods.rd_kafka_err2str((int)code)) ?? code.ToString();

    /// <summary>Whether no later try can succeed.</summary>
    public static bool IsTerminal(ErrorCode code) => code is
        ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsg or ErrorCode.InvalidRecord or ErrorCode.RecordListTooLarge or ErrorCode.PolicyViolation
        or ErrorCode.UnknownTopicOrPart or ErrorCode.TopicException or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition
        or ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed
        or ErrorCode.InvalidSessionTimeout or ErrorCode.InvalidGroupId or ErrorCode.InvalidTimestamp or ErrorCode.UnsupportedForMessageFormat
        or ErrorCode.InvalidReplicationFactor or ErrorCode.InvalidPartitions or ErrorCode.InvalidConfig or ErrorCode.InvalidRequiredAcks
        or ErrorCode.InconsistentGroupProtocol or ErrorCode.Local_InvalidArg or ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion;

    /// <summary>Whether the topic is not there (any more).</summary>
    public static bool IsUnknownTopic(ErrorCode code) =>
        code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition or ErrorCode.UnknownTopicId;

    /// <summary>Whether the brokers do not know the request, or do not allow it to this client.</summary>
    public static bool IsNotOffered(ErrorCode code) => code is
        ErrorCode.Local_UnsupportedFeature or ErrorCode.UnsupportedVersion or ErrorCode.ClusterAuthorizationFailed or ErrorCode.GroupAuthorizationFailed
        or ErrorCode.TopicAuthorizationFailed;
}
