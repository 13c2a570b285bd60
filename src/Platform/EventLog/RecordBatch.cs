using System.Buffers;
using System.Buffers.Binary;

namespace Pipeline.EventLog;

/// <summary>
/// Consecutive records of one partition in one pooled buffer, in the format of <see cref="RecordCodec"/>. Enumerate it to see the records without copies;
/// dispose it to return the buffer.
/// </summary>
public sealed class RecordBatch : IDisposable
{
    private byte[]? _pooled;
    private readonly ReadOnlyMemory<byte> _data;

    /// <summary>Wraps bytes that the caller keeps.</summary>
    public RecordBatch(string topic, int partition, long baseOffset, int count, ReadOnlyMemory<byte> data)
    {
        Topic = topic;
        Partition = partition;
        BaseOffset = baseOffset;
        Count = count;
        _data = data;
    }

    /// <summary>Takes over a buffer rented from <see cref="ArrayPool{T}.Shared"/>; <see cref="Dispose"/> returns it.</summary>
    public RecordBatch(string topic, int partition, long baseOffset, int count, byte[] pooled, int start, int length)
        : this(topic, partition, baseOffset, count, pooled.AsMemory(start, length)) => _pooled = pooled;

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The partition, from 0.</summary>
    public int Partition { get; }

    /// <summary>The offset of the first record.</summary>
    public long BaseOffset { get; }

    /// <summary>How many records there are.</summary>
    public int Count { get; }

    /// <summary>The offset after the last record: where the next read starts.</summary>
    public long NextOffset => BaseOffset + Count;

    /// <summary>The records' bytes.</summary>
    public ReadOnlyMemory<byte> Data => _data;

    /// <summary>The records from an offset on, in the same bytes: as long as this batch is not disposed of.</summary>
    public RecordBatch From(long offset)
    {
        if (offset <= BaseOffset)
            return this;
        if (offset >= NextOffset)
            return new RecordBatch(Topic, Partition, NextOffset, 0, default(ReadOnlyMemory<byte>));
        var passed = (int)(offset - BaseOffset);
        var at = 0;
        for (var i = 0; i < passed; i++)
            at += RecordCodec.RecordLength(_data.Span[at..]);
        return new RecordBatch(Topic, Partition, offset, Count - passed, _data[at..]);
    }

    /// <summary>Walks the records.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <inheritdoc />
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _pooled, null) is { } pooled)
            ArrayPool<byte>.Shared.Return(pooled);
    }

    /// <summary>Walks the records of a batch.</summary>
    public ref struct Enumerator
    {
        private RecordCursor _cursor;

        internal Enumerator(RecordBatch batch) => _cursor = new RecordCursor(batch);

        /// <summary>The record at hand.</summary>
        public RecordView Current { get; private set; }

        /// <summary>Goes to the next record.</summary>
        /// <exception cref="TerminalException">The bytes are not records.</exception>
        public bool MoveNext()
        {
            if (!_cursor.TryNext(out var record))
                return false;
            Current = record;
            return true;
        }
    }
}

/// <summary>A place between two records of a batch, for who walks a batch in several goes; valid until the batch is disposed.</summary>
public struct RecordCursor
{
    private readonly ReadOnlyMemory<byte> _data;
    private readonly int _count;
    private readonly long _baseOffset;
    private int _index;
    private int _at;

    /// <summary>The place before the first record.</summary>
    public RecordCursor(RecordBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        _data = batch.Data;
        _count = batch.Count;
        _baseOffset = batch.BaseOffset;
    }

    /// <summary>Passes over the next record and gives it; false at the end.</summary>
    /// <exception cref="TerminalException">The bytes are not records.</exception>
    public bool TryNext(out RecordView record)
    {
        if (_index >= _count)
        {
            record = default;
            return false;
        }

        var length = RecordCodec.RecordLength(_data.Span[_at..]);
        record = new RecordView(_data.Slice(_at, length), _baseOffset + _index);
        _at += length;
        _index++;
        return true;
    }
}

/// <summary>One record of a batch; valid until the batch is disposed.</summary>
public readonly ref struct RecordView
{
    private readonly ReadOnlyMemory<byte> _record;
    private readonly int _headersAt;
    private readonly int _headerCount;
    private readonly int _valueAt;

    internal RecordView(ReadOnlyMemory<byte> record, long offset)
    {
        _record = record;
        Offset = offset;
        var span = record.Span;
        var at = RecordCodec.PrefixSize;
        Key = RecordCodec.ReadBytes(span, ref at);
        _headerCount = RecordCodec.ReadVarint(span, ref at);
        _headersAt = at;
        for (var i = 0; i < _headerCount; i++)
        {
            RecordCodec.ReadBytes(span, ref at);
            RecordCodec.ReadBytes(span, ref at);
        }

        _valueAt = at;
    }

    /// <summary>The offset in the partition.</summary>
    public long Offset { get; }

    /// <summary>When the record was appended, ms since 1970 UTC.</summary>
    public long TimestampMilliseconds => BinaryPrimitives.ReadInt64LittleEndian(_record.Span[sizeof(int)..]);

    /// <summary>When the record was appended.</summary>
    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(TimestampMilliseconds);

    /// <summary>The key; empty where there is none.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>The payload.</summary>
    public ReadOnlySpan<byte> Value => _record.Span[_valueAt..];

    /// <summary>The payload as memory, for what outlives the stack frame (not the batch).</summary>
    public ReadOnlyMemory<byte> ValueMemory => _record[_valueAt..];

    /// <summary>How many headers there are.</summary>
    public int HeaderCount => _headerCount;

    /// <summary>The value of the first header of that name (UTF-8), or false.</summary>
    public bool TryGetHeader(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var span = _record.Span;
        var at = _headersAt;
        for (var i = 0; i < _headerCount; i++)
        {
            var candidate = RecordCodec.ReadBytes(span, ref at);
            value = RecordCodec.ReadBytes(span, ref at);
            if (candidate.SequenceEqual(name))
                return true;
        }

        value = default;
        return false;
    }

    /// <summary>All headers, copied. Not for hot paths.</summary>
    public RecordHeader[] CopyHeaders()
    {
        var span = _record.Span;
        var at = _headersAt;
        var headers = new RecordHeader[_headerCount];
        for (var i = 0; i < headers.Length; i++)
        {
            var name = System.Text.Encoding.UTF8.GetString(RecordCodec.ReadBytes(span, ref at));
            headers[i] = new RecordHeader(name, RecordCodec.ReadBytes(span, ref at).ToArray());
        }

        return headers;
    }
}
