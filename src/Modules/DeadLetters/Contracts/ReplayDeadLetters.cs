using System.Text.Json;
using System.Text.Json.Serialization;
using MediatR;

namespace Pipeline.DeadLetters.Contracts;

/// <summary>
/// Appends the records of dead letters to their topic again: each exactly once, also where several replay at once or the process dies on the way. They are
/// checked as their route checks them; what is refused stays open.
/// </summary>
/// <param name="Ids">These letters; null where a filter says which.</param>
/// <param name="Filter">All letters that are open and match; null where ids say which.</param>
/// <param name="Payload">For one letter only: what is appended in place of its payload, as JSON. Null appends the payload as it is.</param>
/// <param name="By">Who asks, at most 200 characters.</param>
/// <param name="Note">Why, at most 2,000 characters.</param>
public sealed record ReplayDeadLetters(
    IReadOnlyList<DeadLetterId>? Ids = null, DeadLetterFilter? Filter = null, string? Payload = null, string? By = null, string? Note = null) : IRequest<ReplayReport>;

/// <summary>Which letters.</summary>
/// <param name="Topic">Only of this dead-letter topic; null for all.</param>
/// <param name="Reason">Only of this <see cref="DeadLetter.Reason"/>; null for all.</param>
public sealed record DeadLetterFilter(string? Topic = null, string? Reason = null);

/// <summary>What came of a replay.</summary>
/// <param name="Replayed">How many records this request saw into their topic, or found there from a replay that was cut off.</param>
/// <param name="Already">How many were dealt with before: replayed or discarded.</param>
/// <param name="NotReplayed">How many were not, for the reasons in <paramref name="Problems"/>.</param>
/// <param name="Problems">Why letters were not replayed; the first 100.</param>
/// <param name="More">True where more letters match than one request takes: ask again.</param>
public sealed record ReplayReport(int Replayed, int Already, int NotReplayed, IReadOnlyList<ReplayProblem> Problems, bool More);

/// <summary>Why a letter was not replayed.</summary>
/// <param name="Id">The letter.</param>
/// <param name="Kind">The kind of reason.</param>
/// <param name="Message">The reason as a sentence.</param>
/// <param name="Errors">What is wrong with the payload, by field; null where it is not that.</param>
public sealed record ReplayProblem(DeadLetterId Id, ReplayProblemKind Kind, string Message, IReadOnlyDictionary<string, string>? Errors = null);

/// <summary>The kinds of reasons why a letter was not replayed.</summary>
[JsonConverter(typeof(ReplayProblemKindConverter))]
public enum ReplayProblemKind
{
    /// <summary>The payload is refused as its route would refuse it. The letter stays open: give another payload, or discard it.</summary>
    Refused,

    /// <summary>Another replay of it is under way, or was cut off within the last half minute: try again.</summary>
    Busy,

    /// <summary>The log does not hold it any more, or never did.</summary>
    Gone,

    /// <summary>A replay was cut off so long ago that nobody can know whether its record is in the topic: look, and discard the letter or send the record anew.</summary>
    Unknown,

    /// <summary>The log or PostgreSQL could not be reached: try again.</summary>
    Unavailable,
}

/// <summary>Writes kinds as words in lower case.</summary>
public sealed class ReplayProblemKindConverter : JsonStringEnumConverter<ReplayProblemKind>
{
    /// <summary>Creates the converter.</summary>
    public ReplayProblemKindConverter() : base(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    {
    }
}
