using Confluent.Kafka;
using Pipeline.EventLog.Kafka.Native;

namespace Pipeline.EventLog.Kafka;

/// <summary>What was fetched becomes batches.</summary>
internal sealed partial class KafkaConsumer
{
    private const int Round = 256;
    private const int MostBytes = 64 << 20;
    private const int SeekTimeout = 1_000;

    /// <summary>The records of the next partition, in turn, that has some.</summary>
    private RecordBatch? TryTake()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (Interlocked.Exchange(ref _error, null) is { } error)
                throw error;
            for (var i = 0; i < _held.Count; i++)
            {
                var index = (_next + i) % _held.Count;
                if (!IsSettled(_held[index]) || TryTake(_held[index]) is not { } batch)
                    continue;
                _next = index + 1;
                LogTelemetry.Read(batch.Count, batch.Data.Length, fromMemory: false);
                return batch;
            }

            return _error is null ? null : throw Interlocked.Exchange(ref _error, null)!;
        }
    }

    /// <summary>Whether no seek is under way.</summary>
    private bool IsSettled(HeldPartition held)
    {
        if (held.SeekTo is not { } offset)
            return true;
        if (!_membership!.TrySeek(held.Partition, offset, SeekTimeout))
            return false;
        held.Position = offset;
        held.SeekTo = null;
        return true;
    }

    private unsafe RecordBatch? TryTake(HeldPartition held)
    {
        var most = Math.Clamp(_definition.MaxBatchBytes, 1, MostBytes);
        var messages = stackalloc NativeMessage*[Round];
        var writer = new BatchWriter(_definition.Topic, held.Partition);
        var more = true;
        while (more && writer.Bytes < most)
        {
            var count = held.Take(messages, Math.Clamp((most - writer.Bytes) / held.RecordBytes, 1, Round));
            more = count > 0;
            for (var i = 0; i < count; i++)
            {
                var message = messages[i];
                if (message->Error != 0)
                {
                    Note(held, message);
                }
                else if (more && writer.Fits(message))
                {
                    if (writer.Count == 0)
                        LookAtGap(held, message->Offset);
                    writer.Add(message);
                }
                else
                {
                    more = false;
                    held.PutBack(message);
                    continue;
                }

                NativeMethods.rd_kafka_message_destroy(message);
            }
        }

        if (writer.Count == 0)
            return null;
        held.RecordBytes = Math.Max(1, writer.Bytes / writer.Count);
        held.Position = writer.NextOffset;
        return writer.ToBatch();
    }

    private unsafe void Note(HeldPartition held, NativeMessage* message)
    {
        var code = (ErrorCode)message->Error;
        var text = message->Payload is null ? KafkaErrors.Describe(code) : NativeText.Of(message->Payload);
        Log.ConsumerTrouble(_logger, _definition.Group, _definition.Topic, $"partition {held.Partition}: {text}");
        if (KafkaErrors.IsTerminal(code))
            _error ??= KafkaErrors.Create(code, $"Read {Subject}, partition {held.Partition}", text);
    }

    /// <summary>Retention may have passed the position, or the log may have lost its end; the library then goes on at the start.</summary>
    private void LookAtGap(HeldPartition held, long offset)
    {
        if (held.Position >= 0 && offset != held.Position)
            Log.OffsetGone(_logger, _definition.Group, _definition.Topic, held.Partition, held.Position, offset);
    }
}
