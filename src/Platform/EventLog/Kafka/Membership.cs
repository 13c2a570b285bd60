using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>
/// One membership of a group as the library has it, with a queue for each partition that is held. No call waits but <see cref="Close"/>. Not thread-safe: its
/// owner holds a lock around every call.
/// </summary>
internal sealed unsafe class Membership : IDisposable
{
    private readonly NativeClient _client;
    private readonly NativeQueue _events;
    private readonly NativeQueue _commits;
    private readonly RebalanceWatch _watch;
    private readonly Signal _news;
    private readonly string _topic;

    /// <param name="settings">The properties.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="news">Is set when there is something to take.</param>
    /// <param name="committed">Is set when a commit is answered, or can be sent.</param>
    /// <param name="operation">Names it in errors.</param>
    /// <param name="time">The time.</param>
    /// <param name="logger">Takes the library's lines.</param>
    public Membership(
        IReadOnlyDictionary<string, string> settings, string topic, Signal news, Signal committed, string operation, TimeProvider time, ILogger logger)
    {
        _topic = topic;
        _news = news;
        _watch = new RebalanceWatch(committed, time);
        _client = new NativeClient(settings, NativeMethods.RebalanceEvent | NativeMethods.ErrorEvent | NativeMethods.OffsetCommitEvent, logger, _watch);
        _ = NativeMethods.rd_kafka_poll_set_consumer(_client.Handle);
        _events = new NativeQueue(NativeMethods.rd_kafka_queue_get_consumer(_client.Handle), news);
        _commits = new NativeQueue(NativeMethods.rd_kafka_queue_new(_client.Handle), committed);
        var list = PartitionOffset.ToList([new PartitionOffset(topic, -1, NativeMethods.OffsetEnd)]);
        var error = NativeMethods.rd_kafka_subscribe(_client.Handle, list);
        NativeMethods.rd_kafka_topic_partition_list_destroy(list);
        if (error == 0)
            return;
        Dispose();
        throw KafkaErrors.Create((ErrorCode)error, operation);
    }

    /// <summary>Whether the group shares out anew, so that commits have to wait for a signal.</summary>
    public bool Rebalancing => _watch.Rebalancing;

    /// <summary>How long commits have to wait since the group may be about to share out anew.</summary>
    public TimeSpan Doubt => _watch.Doubt;

    /// <summary>Whether commits can be sent.</summary>
    public bool TakesCommits => !Rebalancing && Doubt <= TimeSpan.Zero;

    /// <summary>What the group, or the library, has to say next; null where there is nothing.</summary>
    public GroupNews? Poll()
    {
        var @event = NativeMethods.rd_kafka_queue_poll(_events.Handle, 0);
        if (@event == 0)
            return null;
        try
        {
            var code = (ErrorCode)NativeMethods.rd_kafka_event_error(@event);
            if (NativeMethods.rd_kafka_event_type(@event) == NativeMethods.RebalanceEvent)
            {
                int[] partitions = [.. PartitionOffset.Of(NativeMethods.rd_kafka_event_topic_partition_list(@event)).Select(p => p.Partition)];
                var taken = NativeMethods.rd_kafka_assignment_lost(_client.Handle) != 0 ? GroupChange.Lost : GroupChange.Revoked;
                return new GroupNews(code == ErrorCode.Local_AssignPartitions ? GroupChange.Assigned : taken, partitions);
            }

            var fatal = NativeMethods.rd_kafka_event_error_is_fatal(@event) != 0;
            var text = NativeText.Of(NativeMethods.rd_kafka_event_error_string(@event)) ?? KafkaErrors.Describe(code);
            return new GroupNews(fatal ? GroupChange.Fatal : GroupChange.Trouble, [], code, text);
        }
        finally
        {
            NativeMethods.rd_kafka_event_destroy(@event);
        }
    }

    /// <summary>The queue of a partition that was assigned; records come to it after <see cref="Assign"/>.</summary>
    public NativeQueue Open(int partition)
    {
        var queue = NativeMethods.rd_kafka_queue_get_partition(_client.Handle, _topic, partition);
        NativeMethods.rd_kafka_queue_forward(queue, 0);
        return new NativeQueue(queue, _news);
    }

    /// <summary>Takes what the group assigned, from the given offsets on.</summary>
    public (int Code, string Text) Assign(IReadOnlyCollection<PartitionOffset> partitions) => Change(partitions, assign: true);

    /// <summary>Gives back what the group revoked.</summary>
    public (int Code, string Text) Unassign(IReadOnlyCollection<PartitionOffset> partitions) => Change(partitions, assign: false);

    /// <summary>Sends offsets to the group; <see cref="CommitAnswer"/> has the outcome.</summary>
    public int Commit(IReadOnlyCollection<PartitionOffset> offsets)
    {
        var list = PartitionOffset.ToList(offsets);
        var error = NativeMethods.rd_kafka_commit_queue(_client.Handle, list, _commits.Handle, 0, 0);
        NativeMethods.rd_kafka_topic_partition_list_destroy(list);
        return error;
    }

    /// <summary>The code of the oldest answer to a commit; null where there is none yet.</summary>
    public int? CommitAnswer()
    {
        var @event = NativeMethods.rd_kafka_queue_poll(_commits.Handle, 0);
        if (@event == 0)
            return null;
        var code = NativeMethods.rd_kafka_event_error(@event);
        if (code == 0)
            code = PartitionOffset.Of(NativeMethods.rd_kafka_event_topic_partition_list(@event)).FirstOrDefault(p => p.Error != 0).Error;
        NativeMethods.rd_kafka_event_destroy(@event);
        return code;
    }

    /// <summary>Moves a partition's position. False where the library is not ready for it yet.</summary>
    public bool TrySeek(int partition, long offset, int timeout)
    {
        var list = PartitionOffset.ToList([new PartitionOffset(_topic, partition, offset)]);
        try
        {
            var (code, _) = NativeText.TakeError(NativeMethods.rd_kafka_seek_partitions(_client.Handle, list, timeout));
            return code == 0 && list->Elements[0].Error == 0;
        }
        finally
        {
            NativeMethods.rd_kafka_topic_partition_list_destroy(list);
        }
    }

    /// <summary>Leaves the group at once, and waits for the library's threads.</summary>
    /// <param name="quietly">True says nothing to the group, as if the process had died.</param>
    public void Close(bool quietly)
    {
        if (!quietly)
            _ = NativeMethods.rd_kafka_consumer_close(_client.Handle);
        Dispose();
    }

    public void Dispose()
    {
        _events.Dispose();
        _commits.Dispose();
        _client.Destroy(NativeMethods.NoConsumerClose);
    }

    private (int Code, string Text) Change(IReadOnlyCollection<PartitionOffset> partitions, bool assign)
    {
        var list = PartitionOffset.ToList(partitions);
        var error = assign
            ? NativeMethods.rd_kafka_incremental_assign(_client.Handle, list)
            : NativeMethods.rd_kafka_incremental_unassign(_client.Handle, list);
        NativeMethods.rd_kafka_topic_partition_list_destroy(list);
        return NativeText.TakeError(error);
    }
}

/// <summary>What happened to a membership.</summary>
internal enum GroupChange
{
    /// <summary>The member now holds these partitions too.</summary>
    Assigned,

    /// <summary>The member is to give these partitions back.</summary>
    Revoked,

    /// <summary>The member lost these partitions; another may hold them.</summary>
    Lost,

    /// <summary>Something went wrong that the library tries again by itself.</summary>
    Trouble,

    /// <summary>The membership is over.</summary>
    Fatal,
}

/// <summary>News of a membership.</summary>
/// <param name="Change">What happened.</param>
/// <param name="Partitions">The partitions concerned.</param>
/// <param name="Code">The error.</param>
/// <param name="Text">The error in words.</param>
internal sealed record GroupNews(GroupChange Change, int[] Partitions, ErrorCode Code = ErrorCode.NoError, string Text = "");
