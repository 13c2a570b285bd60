using System.Buffers.Binary;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Events.Mongo;

/// <summary>Events as documents, written from bytes to bytes: no strings, no tree of values for each event.</summary>
/// <remarks>The format: https://bsonspec.org/spec.html. All numbers are little endian.</remarks>
internal static class EventDocuments
{
    private const byte Text = 0x02;
    private const byte Document = 0x03;
    private const byte Date = 0x09;
    private const byte Int32 = 0x10;
    private const byte Int64 = 0x12;

    private static readonly byte[] _topic = System.Text.Encoding.UTF8.GetBytes(Topics.UserEvents);

    private const long MicrosecondsPerMillisecond = 1_000;

    /// <summary>The bytes of an event's document beside its texts, counted by writing one without texts.</summary>
    private static readonly int _fixedBytes = Write(new byte[512], 0, 0, 0, default, default, default, default);

    /// <summary>How many bytes the documents from this row on take, as many as fit into the limit and at least one; <paramref name="end"/> is the row behind the last.</summary>
    public static int Measure(EventBatch batch, int row, int maxBytes, out int end)
    {
        var rows = batch.Rows;
        var bytes = SizeOf(rows[row]);
        for (end = row + 1; end < rows.Length; end++)
        {
            var size = SizeOf(rows[end]);
            if (bytes + size > maxBytes)
                break;
            bytes += size;
        }

        return bytes;
    }

    /// <summary>Writes the documents of these rows into a buffer; the documents are windows on it.</summary>
    public static List<RawBsonDocument> Encode(EventBatch batch, int row, int end, byte[] buffer)
    {
        var documents = new List<RawBsonDocument>(end - row);
        var bytes = new ByteArrayBuffer(buffer, isReadOnly: true);
        var rows = batch.Rows;
        var used = 0;
        for (; row < end; row++)
        {
            ref readonly var next = ref rows[row];
            var size = Write(
                buffer.AsSpan(used), next.Partition, next.Offset, next.Microseconds, batch.UserId(next), batch.SessionId(next), batch.EventName(next), batch.Attributes(next));
            documents.Add(new RawBsonDocument(new ByteBufferSlice(bytes, used, size)));
            used += size;
        }

        return documents;
    }

    /// <summary>Reads an event back.</summary>
    public static StoredUserEvent Read(BsonDocument document) => new(
        document["UserId"].AsString,
        document["SessionId"].AsString,
        document["EventName"].AsString,
        DateTimeOffset.FromUnixTimeMilliseconds(document["TimeStamp"].AsBsonDateTime.MillisecondsSinceEpoch).AddMicroseconds(document["Microseconds"].AsInt32),
        System.Text.Encoding.UTF8.GetBytes(document["Attributes"].AsString));

    /// <summary>The key of a record of topic UserEvents; keys compare member by member, so a partition's are together and in the order of their offsets.</summary>
    public static BsonDocument Key(int partition, long offset) =>
        new() { { "Topic", Topics.UserEvents }, { "Partition", partition }, { "Offset", offset } };

    /// <summary>Divides a time into whole milliseconds and the microseconds beside them, 0 to 999 also before 1970.</summary>
    public static (long Milliseconds, int Microseconds) Split(long microseconds)
    {
        var milliseconds = Math.DivRem(microseconds, MicrosecondsPerMillisecond, out var rest);
        return rest < 0 ? (milliseconds - 1, (int)(rest + MicrosecondsPerMillisecond)) : (milliseconds, (int)rest);
    }

    private static int SizeOf(in EventRow row) => _fixedBytes + row.UserIdLength + row.SessionIdLength + row.EventNameLength + row.AttributesLength;

    private static int Write(
        Span<byte> target, int partition, long offset, long time,
        ReadOnlySpan<byte> userId, ReadOnlySpan<byte> sessionId, ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> attributes)
    {
        var (milliseconds, microseconds) = Split(time);
        var used = sizeof(int);
        Name(target, ref used, Document, "_id"u8);
        var key = used;
        used += sizeof(int);
        Name(target, ref used, Text, "Topic"u8);
        Value(target, ref used, _topic);
        Name(target, ref used, Int32, "Partition"u8);
        Value(target, ref used, partition);
        Name(target, ref used, Int64, "Offset"u8);
        Value(target, ref used, offset);
        End(target, ref used, key);
        Name(target, ref used, Text, "UserId"u8);
        Value(target, ref used, userId);
        Name(target, ref used, Text, "SessionId"u8);
        Value(target, ref used, sessionId);
        Name(target, ref used, Text, "EventName"u8);
        Value(target, ref used, eventName);
        Name(target, ref used, Date, "TimeStamp"u8);
        Value(target, ref used, milliseconds);
        Name(target, ref used, Int32, "Microseconds"u8);
        Value(target, ref used, microseconds);
        Name(target, ref used, Text, "Attributes"u8);
        Value(target, ref used, attributes);
        End(target, ref used, 0);
        return used;
    }

    private static void Name(Span<byte> target, ref int used, byte type, ReadOnlySpan<byte> name)
    {
        target[used++] = type;
        name.CopyTo(target[used..]);
        used += name.Length;
        target[used++] = 0;
    }

    private static void Value(Span<byte> target, ref int used, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target[used..], value);
        used += sizeof(int);
    }

    private static void Value(Span<byte> target, ref int used, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target[used..], value);
        used += sizeof(long);
    }

    private static void Value(Span<byte> target, ref int used, ReadOnlySpan<byte> text)
    {
        Value(target, ref used, text.Length + 1);
        text.CopyTo(target[used..]);
        used += text.Length;
        target[used++] = 0;
    }

    private static void End(Span<byte> target, ref int used, int start)
    {
        target[used++] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(target[start..], used - start);
    }
}
