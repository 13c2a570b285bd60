namespace Pipeline.EventLog.Kafka.Native;

/// <summary>An offset of a partition, in and out of the library's lists.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset; below 0 one of the library's special ones.</param>
/// <param name="Error">An error's code, 0 for none.</param>
internal readonly record struct PartitionOffset(string Topic, int Partition, long Offset, int Error = 0)
{
    /// <summary>Makes a list; the caller destroys it.</summary>
    public static unsafe NativePartitionList* ToList(IReadOnlyCollection<PartitionOffset> offsets)
    {
        var list = NativeMethods.rd_kafka_topic_partition_list_new(offsets.Count);
        foreach (var offset in offsets)
            NativeMethods.rd_kafka_topic_partition_list_add(list, offset.Topic, offset.Partition)->Offset = offset.Offset;
        return list;
    }

    /// <summary>Copies a list.</summary>
    public static unsafe PartitionOffset[] Of(NativePartitionList* list)
    {
        var offsets = new PartitionOffset[list is null ? 0 : list->Count];
        for (var i = 0; i < offsets.Length; i++)
        {
            var element = list->Elements[i];
            offsets[i] = new PartitionOffset(NativeText.Of(element.Topic) ?? "", element.Partition, element.Offset, element.Error);
        }

        return offsets;
    }
}
