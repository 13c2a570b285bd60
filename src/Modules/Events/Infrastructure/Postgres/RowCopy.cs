using System.Buffers;
using System.Buffers.Binary;
using Npgsql;
using Pipeline.Events.Domain;
using Pipeline.Postgres;

namespace Pipeline.Events.Infrastructure.Postgres;

/// <summary>Writes the rows of a batch by COPY in its binary format, from bytes to bytes.</summary>
/// <remarks>The format: https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format". All numbers are big endian.</remarks>
internal static class RowCopy
{
    private const string Command =
        """COPY events.user_events ("offset", time_stamp, partition, hour, user_id, session_id, event_name, attributes) FROM STDIN (FORMAT BINARY)""";

    private const short Fields = 8;
    private const int BufferBytes = 256 << 10;

    /// <summary>Field count, eight lengths, offset, timestamp, partition, hour, and the version byte of jsonb.</summary>
    private const int FixedBytes = sizeof(short) + (Fields * sizeof(int)) + sizeof(long) + sizeof(long) + sizeof(int) + sizeof(int) + 1;

    private const byte JsonbVersion = 1;

    /// <summary>PostgreSQL counts time from 2000-01-01.</summary>
    private const long PostgresEpochMicroseconds = 946_684_800_000_000;

    /// <summary>The signature <c>PGCOPY\n\377\r\n\0</c>, flags, length of the header extension.</summary>
    private static ReadOnlySpan<byte> Header => [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Writes the rows in the given order, within the connection's transaction.</summary>
    public static async Task WriteAsync(NpgsqlConnection connection, EventBatch batch, ReadOnlyMemory<int> order, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var stream = await connection.BeginRawBinaryCopyAsync(Command, cancellationToken);
        try
        {
            Header.CopyTo(buffer);
            var used = Header.Length;
            for (var next = 0; next < order.Length;)
            {
                next += Encode(batch, order.Span[next..], ref buffer, ref used);
                await stream.WriteAsync(buffer.AsMemory(0, used), cancellationToken);
                used = 0;
            }

            BinaryPrimitives.WriteInt16BigEndian(buffer, -1);
            await stream.WriteAsync(buffer.AsMemory(0, sizeof(short)), cancellationToken);
        }
        catch
        {
            await stream.AbandonAsync();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        await stream.DisposeAsync();
    }

    /// <summary>Encodes as many rows as fit, at least one, and returns how many.</summary>
    private static int Encode(EventBatch batch, ReadOnlySpan<int> order, ref byte[] buffer, ref int used)
    {
        var rows = batch.Rows;
        for (var i = 0; i < order.Length; i++)
        {
            ref readonly var row = ref rows[order[i]];
            var size = FixedBytes + row.UserIdLength + row.SessionIdLength + row.EventNameLength + row.AttributesLength;
            if (buffer.Length - used < size)
            {
                if (i > 0)
                    return i;
                var larger = ArrayPool<byte>.Shared.Rent(used + size);
                buffer.AsSpan(0, used).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }

            Encode(batch, row, buffer.AsSpan(used, size));
            used += size;
        }

        return order.Length;
    }

    private static void Encode(EventBatch batch, in EventRow row, Span<byte> target)
    {
        BinaryPrimitives.WriteInt16BigEndian(target, Fields);
        target = target[sizeof(short)..];
        Write(ref target, row.Offset);
        Write(ref target, row.Microseconds - PostgresEpochMicroseconds);
        Write(ref target, row.Partition);
        Write(ref target, EventQueries.HourOf(row.Microseconds));
        Write(ref target, batch.UserId(row));
        Write(ref target, batch.SessionId(row));
        Write(ref target, batch.EventName(row));

        var attributes = batch.Attributes(row);
        BinaryPrimitives.WriteInt32BigEndian(target, attributes.Length + 1);
        target[sizeof(int)] = JsonbVersion;
        attributes.CopyTo(target[(sizeof(int) + 1)..]);
    }

    private static void Write(ref Span<byte> target, long value)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(target[sizeof(int)..], value);
        target = target[(sizeof(int) + sizeof(long))..];
    }

    private static void Write(ref Span<byte> target, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, sizeof(int));
        BinaryPrimitives.WriteInt32BigEndian(target[sizeof(int)..], value);
        target = target[(2 * sizeof(int))..];
    }

    private static void Write(ref Span<byte> target, ReadOnlySpan<byte> text)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, text.Length);
        text.CopyTo(target[sizeof(int)..]);
        target = target[(sizeof(int) + text.Length)..];
    }
}
