using System.Runtime.InteropServices;

namespace Pipeline.EventLog.Kafka.Native;

/// <summary>
/// The functions of librdkafka that Confluent.Kafka does not offer, or not to librdkafka 2.0: its consumer calls three functions that came with 2.1, and
/// rebalances in a callback that cannot wait for a sink.
/// </summary>
internal static unsafe partial class NativeMethods
{
    public const string Library = "librdkafka";

    public const int ConsumerClient = 1;
    public const int ErrorEvent = 0x8;
    public const int RebalanceEvent = 0x10;
    public const int OffsetCommitEvent = 0x20;
    public const int ListConsumerGroupOffsetsEvent = 0x8000;
    public const int ListConsumerGroupOffsetsOperation = 14;
    public const int NoConsumerClose = 0x8;
    public const int ConfOk = 0;
    public const int ConfUnknown = -2;
    public const long OffsetBeginning = -2;
    public const long OffsetEnd = -1;
    public const long OffsetStored = -1000;

    static NativeMethods() => KafkaLibrary.Load();

    [LibraryImport(Library)]
    internal static partial byte* rd_kafka_err2str(int error);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_last_error();

    // Configuration and clients

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_conf_new();

    [LibraryImport(Library)]
    internal static partial void rd_kafka_conf_destroy(nint conf);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rd_kafka_conf_set(nint conf, string name, string value, byte* error, nuint errorSize);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_conf_set_events(nint conf, int events);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_conf_set_opaque(nint conf, nint opaque);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_conf_set_log_cb(nint conf, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> callback);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rd_kafka_conf_interceptor_add_on_new(
        nint conf, string name, delegate* unmanaged[Cdecl]<nint, nint, nint, byte*, nuint, int> callback, nint opaque);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rd_kafka_interceptor_add_on_request_sent(
        nint client, string name, delegate* unmanaged[Cdecl]<nint, int, byte*, int, short, short, int, nuint, nint, int> callback, nint opaque);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rd_kafka_interceptor_add_on_response_received(
        nint client, string name, delegate* unmanaged[Cdecl]<nint, int, byte*, int, short, short, int, nuint, long, int, nint, int> callback, nint opaque);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_new(int type, nint conf, byte* error, nuint errorSize);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_opaque(nint client);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_destroy_flags(nint client, int flags);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_controllerid(nint client, int timeout);

    // Queues and events

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_queue_new(nint client);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_queue_get_consumer(nint client);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rd_kafka_queue_get_partition(nint client, string topic, int partition);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_queue_forward(nint queue, nint to);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_queue_cb_event_enable(nint queue, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint opaque);

    [LibraryImport(Library)]
    internal static partial nuint rd_kafka_queue_length(nint queue);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_queue_destroy(nint queue);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_queue_poll(nint queue, int timeout);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_event_type(nint @event);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_event_error(nint @event);

    [LibraryImport(Library)]
    internal static partial byte* rd_kafka_event_error_string(nint @event);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_event_error_is_fatal(nint @event);

    [LibraryImport(Library)]
    internal static partial NativePartitionList* rd_kafka_event_topic_partition_list(nint @event);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_event_destroy(nint @event);

    // Messages

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_consume_batch_queue(nint queue, int timeout, NativeMessage** messages, nuint size);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_message_destroy(NativeMessage* message);

    [LibraryImport(Library)]
    internal static partial long rd_kafka_message_timestamp(NativeMessage* message, int* type);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_message_headers(NativeMessage* message, nint* headers);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_header_get_all(nint headers, nuint index, byte** name, byte** value, nuint* size);

    // Groups

    [LibraryImport(Library)]
    internal static partial int rd_kafka_poll_set_consumer(nint client);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_subscribe(nint client, NativePartitionList* topics);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_incremental_assign(nint client, NativePartitionList* partitions);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_incremental_unassign(nint client, NativePartitionList* partitions);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_assignment_lost(nint client);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_commit_queue(nint client, NativePartitionList* offsets, nint queue, nint callback, nint opaque);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_seek_partitions(nint client, NativePartitionList* partitions, int timeout);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_consumer_close(nint client);

    // Partitions without a group

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rd_kafka_topic_new(nint client, string topic, nint conf);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_topic_destroy(nint topic);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_consume_start_queue(nint topic, int partition, long offset, nint queue);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_consume_stop(nint topic, int partition);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rd_kafka_query_watermark_offsets(nint client, string topic, int partition, long* low, long* high, int timeout);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_offsets_for_times(nint client, NativePartitionList* offsets, int timeout);

    // Lists and errors

    [LibraryImport(Library)]
    internal static partial NativePartitionList* rd_kafka_topic_partition_list_new(int size);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial NativePartition* rd_kafka_topic_partition_list_add(NativePartitionList* list, string topic, int partition);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_topic_partition_list_destroy(NativePartitionList* list);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_error_code(nint error);

    [LibraryImport(Library)]
    internal static partial byte* rd_kafka_error_string(nint error);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_error_destroy(nint error);

    // Offsets of any group

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_AdminOptions_new(nint client, int operation);

    [LibraryImport(Library)]
    internal static partial int rd_kafka_AdminOptions_set_request_timeout(nint options, int timeout, byte* error, nuint errorSize);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_AdminOptions_destroy(nint options);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rd_kafka_ListConsumerGroupOffsets_new(string group, NativePartitionList* partitions);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_ListConsumerGroupOffsets_destroy(nint request);

    [LibraryImport(Library)]
    internal static partial void rd_kafka_ListConsumerGroupOffsets(nint client, nint* requests, nuint count, nint options, nint queue);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_event_ListConsumerGroupOffsets_result(nint @event);

    [LibraryImport(Library)]
    internal static partial nint* rd_kafka_ListConsumerGroupOffsets_result_groups(nint result, nuint* count);

    [LibraryImport(Library)]
    internal static partial nint rd_kafka_group_result_error(nint group);

    [LibraryImport(Library)]
    internal static partial byte* rd_kafka_group_result_name(nint group);

    [LibraryImport(Library)]
    internal static partial NativePartitionList* rd_kafka_group_result_partitions(nint group);
}
