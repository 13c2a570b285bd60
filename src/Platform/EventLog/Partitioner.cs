using System.Buffers.Binary;

namespace Pipeline.EventLog;

/// <summary>Chooses the partition of a key.</summary>
public static class Partitioner
{
    /// <summary>
    /// The partition of a key: Murmur2 (seed 0x9747b28c) with the sign bit cleared, modulo the partitions; the same as the default partitioner of
    /// Apache Kafka's Java client, so a topic keeps its order when it moves there.
    /// </summary>
    public static int ForKey(ReadOnlySpan<byte> key, int partitions) => (int)((Murmur2(key) & 0x7FFFFFFF) % (uint)partitions);

    internal static uint Murmur2(ReadOnlySpan<byte> data)
    {
        const uint m = 0x5bd1e995;
        var h = 0x9747b28c ^ (uint)data.Length;
        while (data.Length >= 4)
        {
            var k = BinaryPrimitives.ReadUInt32LittleEndian(data) * m;
            k ^= k >> 24;
            h = (h * m) ^ (k * m);
            data = data[4..];
        }

        if (data.Length == 3)
            h ^= (uint)data[2] << 16;
        if (data.Length >= 2)
            h ^= (uint)data[1] << 8;
        if (data.Length >= 1)
            h = (h ^ data[0]) * m;
        h = (h ^ (h >> 13)) * m;
        return h ^ (h >> 15);
    }
}
