namespace Pipeline.EventLog;

/// <summary>A record to append.</summary>
/// <param name="key">Decides the partition; records with one key keep their order. Empty spreads records over the partitions.</param>
/// <param name="value">The payload, opaque to the log.</param>
/// <param name="headers">Small named values that travel with the record, such as <c>traceparent</c>.</param>
public readonly struct NewRecord(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, ReadOnlyMemory<RecordHeader> headers = default)
{
    /// <summary>Decides the partition; empty spreads records over the partitions.</summary>
    public ReadOnlyMemory<byte> Key { get; } = key;

    /// <summary>The payload, opaque to the log.</summary>
    public ReadOnlyMemory<byte> Value { get; } = value;

    /// <summary>Named values that travel with the record.</summary>
    public ReadOnlyMemory<RecordHeader> Headers { get; } = headers;

    /// <summary>The same record in buffers of its own.</summary>
    internal NewRecord Copy()
    {
        var headers = Headers.ToArray();
        for (var i = 0; i < headers.Length; i++)
            headers[i] = headers[i] with { Value = headers[i].Value.ToArray() };
        return new NewRecord(Key.ToArray(), Value.ToArray(), headers);
    }
}

/// <summary>A named value that travels with a record.</summary>
/// <param name="Name">The name; ASCII.</param>
/// <param name="Value">The value, opaque to the log.</param>
public readonly record struct RecordHeader(string Name, ReadOnlyMemory<byte> Value);
