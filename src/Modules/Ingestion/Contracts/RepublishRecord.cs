using System.Text.Json.Serialization;
using MediatR;

namespace Pipeline.Ingestion.Contracts;

/// <summary>
/// Publishes one record as its route would: checked by the same rules, and once for its key, however often and by how many processes it is asked for, and
/// whichever of them dies on the way.
/// </summary>
/// <param name="Topic"><see cref="Topics.UserEvents"/> or <see cref="Topics.PurchasedItem"/>.</param>
/// <param name="Payload">One event or one order, as JSON; in use until the task completes.</param>
/// <param name="Key">
/// ASCII, at most 400 characters. Clients' keys hold no blank: one that does can never be theirs. It is remembered for <c>Ingestion:IdempotencyWindow</c>.
/// </param>
/// <param name="Since">
/// Where an earlier try may have left the record: an offset of each partition before which it cannot be. The log is then searched first, so that the key
/// holds beyond its window. Null where there was no earlier try.
/// </param>
public sealed record RepublishRecord(string Topic, ReadOnlyMemory<byte> Payload, string Key, IReadOnlyList<long>? Since = null) : IRequest<RepublishResult>;

/// <summary>What came of it.</summary>
/// <param name="Outcome">The kind of result.</param>
/// <param name="Record">Where the record is, by this try or an earlier one; null where it is not in the log.</param>
/// <param name="Errors">What is wrong, by field, where it is not valid.</param>
public sealed record RepublishResult(RepublishOutcome Outcome, AcceptedRecord? Record = null, IReadOnlyDictionary<string, string>? Errors = null);

/// <summary>The kinds of results.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RepublishOutcome>))]
public enum RepublishOutcome
{
    /// <summary>The record is in the log, once.</summary>
    Accepted,

    /// <summary>The rules refuse it; it is not in the log.</summary>
    Invalid,

    /// <summary>The topic is none that ingestion publishes to.</summary>
    UnknownTopic,

    /// <summary>The key came with another payload before.</summary>
    Conflict,

    /// <summary>A try with the key is under way, or was cut off within the last half minute: ask again.</summary>
    InProgress,

    /// <summary>An earlier try may have left the record in a part of the log that retention has dropped since: nobody can know.</summary>
    Unknown,
}
