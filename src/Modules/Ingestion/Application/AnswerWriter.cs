using System.Buffers.Text;
using Pipeline.EventLog;

namespace Pipeline.Ingestion.Application;

/// <summary>Writes the positions of accepted records as JSON, without a serializer: this runs once a request.</summary>
internal static class AnswerWriter
{
    private const int MaxRecordBytes = 136;

    /// <summary>
    /// <c>{"Topic":"UserEvents","Partition":1,"Offset":42}</c>, or an array of such objects in the order of the request. An order whose TotalPrice is not
    /// the sum of its lines has <c>"TotalPriceExpected"</c>.
    /// </summary>
    public static byte[] Write(string topic, ReadOnlySpan<RecordPosition> positions, in ReadRequest read, bool asArray)
    {
        // Topic names are [A-Za-z0-9._-], at most 200 characters: nothing to escape.
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(2 + (positions.Length * (MaxRecordBytes + topic.Length)));
        try
        {
            var at = 0;
            if (asArray)
                buffer[at++] = (byte)'[';
            for (var i = 0; i < positions.Length; i++)
            {
                if (i > 0)
                    buffer[at++] = (byte)',';
                Text(buffer, ref at, "{\"Topic\":\""u8);
                at += System.Text.Encoding.ASCII.GetBytes(topic, buffer.AsSpan(at));
                Text(buffer, ref at, "\",\"Partition\":"u8);
                Number(buffer, ref at, positions[i].Partition);
                Text(buffer, ref at, ",\"Offset\":"u8);
                Number(buffer, ref at, positions[i].Offset);
                if (read[i].ExpectedTotal is { } expected)
                {
                    Text(buffer, ref at, ",\"TotalPriceExpected\":"u8);
                    Utf8Formatter.TryFormat(expected, buffer.AsSpan(at), out var written);
                    at += written;
                }

                buffer[at++] = (byte)'}';
            }

            if (asArray)
                buffer[at++] = (byte)']';
            return buffer.AsSpan(0, at).ToArray();
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Text(byte[] buffer, ref int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(buffer.AsSpan(at));
        at += text.Length;
    }

    private static void Number(byte[] buffer, ref int at, long value)
    {
        Utf8Formatter.TryFormat(value, buffer.AsSpan(at), out var written);
        at += written;
    }
}
