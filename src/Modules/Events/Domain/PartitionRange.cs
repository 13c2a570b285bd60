namespace Pipeline.Events.Domain;

/// <summary>What a batch covers of one partition of the topic.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Expected">The position that the store must hold for the batch to be taken: the worker read on from there.</param>
/// <param name="Next">The position afterwards: one after the last record, whether or not it became a row.</param>
internal readonly record struct PartitionRange(int Partition, long Expected, long Next);
