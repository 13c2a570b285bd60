using Pipeline.Ingestion.Contracts;

namespace Pipeline.Workers.Generator;

/// <summary>What happened in the shop since the batch before, in order of time.</summary>
/// <param name="Events">Events of many interleaved sessions.</param>
/// <param name="Orders">Orders; one of a session with events is not older than they.</param>
public sealed record TrafficBatch(IReadOnlyList<UserEvent> Events, IReadOnlyList<PurchasedOrder> Orders);
