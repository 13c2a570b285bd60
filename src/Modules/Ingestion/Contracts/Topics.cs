namespace Pipeline.Ingestion.Contracts;

/// <summary>The topics that ingestion publishes to.</summary>
public static class Topics
{
    /// <summary>User events, keyed by user; the payload is the canonical JSON of a <see cref="UserEvent"/>.</summary>
    public const string UserEvents = "UserEvents";

    /// <summary>Orders, one message each, keyed by user; the payload is the canonical JSON of a <see cref="PurchasedOrder"/>.</summary>
    public const string PurchasedItem = "PurchasedItem";

    /// <summary>The dead-letter topic of a topic: <c>NAME.dead</c>.</summary>
    public static string DeadLetter(string topic) => topic + ".dead";
}
