using System.Buffers;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Application;

/// <summary>What reading a request's body gave: valid records in one buffer, or why not.</summary>
internal readonly struct ReadRequest : IDisposable
{
    private readonly ScannedRecord[]? _records;
    private readonly ScannedRecord _single;

    private ReadRequest(ReadOnlyMemory<byte> buffer, ScannedRecord single, ScannedRecord[]? records, int count, FieldErrors? errors)
    {
        Buffer = buffer;
        _single = single;
        _records = records;
        Count = count;
        Errors = errors;
    }

    /// <summary>The bytes that the records lie in.</summary>
    public ReadOnlyMemory<byte> Buffer { get; }

    /// <summary>How many records there are.</summary>
    public int Count { get; }

    /// <summary>What is wrong; null where the request is valid or holds too many orders.</summary>
    public FieldErrors? Errors { get; }

    /// <summary>True where there are records.</summary>
    public bool IsValid => Count > 0;

    /// <summary>The request holds more orders than it may.</summary>
    public static ReadRequest TooManyOrders => default;

    /// <summary>A record of the request.</summary>
    public ScannedRecord this[int index] => _records is null ? _single : _records[index];

    /// <summary>One valid record.</summary>
    public static ReadRequest Valid(ReadOnlyMemory<byte> buffer, ScannedRecord record) => new(buffer, record, null, 1, null);

    /// <summary>Valid records in an array of the shared pool, which <see cref="Dispose"/> gives back.</summary>
    public static ReadRequest Valid(ReadOnlyMemory<byte> buffer, ScannedRecord[] records, int count) => new(buffer, default, records, count, null);

    /// <summary>A request that is not valid.</summary>
    public static ReadRequest Invalid(FieldErrors errors) => new(default, default, null, 0, errors);

    /// <summary>The bytes of a record.</summary>
    public ReadOnlyMemory<byte> Value(in ScannedRecord record) => Buffer.Slice(record.Start, record.Length);

    /// <summary>The bytes of a record's key.</summary>
    public ReadOnlyMemory<byte> Key(in ScannedRecord record) => Buffer.Slice(record.KeyStart, record.KeyLength);

    /// <inheritdoc />
    public void Dispose()
    {
        if (_records is not null)
            ArrayPool<ScannedRecord>.Shared.Return(_records);
    }
}
