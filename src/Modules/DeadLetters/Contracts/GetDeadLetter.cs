using System.Text.Json.Serialization;
using MediatR;

namespace Pipeline.DeadLetters.Contracts;

/// <summary>One dead letter with its whole payload.</summary>
/// <param name="Id">Where it is.</param>
public sealed record GetDeadLetter(DeadLetterId Id) : IRequest<DeadLetterAnswer>;

/// <summary>A dead letter, or that there is none.</summary>
/// <param name="Found">Whether it is there.</param>
/// <param name="Details">The letter; null where it is not there.</param>
public sealed record DeadLetterAnswer(DeadLetterPresence Found, DeadLetterDetails? Details = null);

/// <summary>Whether a letter is there.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeadLetterPresence>))]
public enum DeadLetterPresence
{
    /// <summary>It is there.</summary>
    Here,

    /// <summary>It was there, and retention has dropped it.</summary>
    Gone,

    /// <summary>There never was one at that place.</summary>
    Never,
}

/// <summary>A dead letter with all that it holds.</summary>
/// <param name="Letter">The letter.</param>
/// <param name="Key">The record's key as text.</param>
/// <param name="Payload">The payload as text; null where it is no UTF-8.</param>
/// <param name="PayloadBase64">The payload in Base64 where it is no UTF-8; else null.</param>
/// <param name="Headers">The record's headers.</param>
public sealed record DeadLetterDetails(DeadLetter Letter, string Key, string? Payload, string? PayloadBase64, IReadOnlyList<DeadLetterHeader> Headers);

/// <summary>A header of a record.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value as text.</param>
public sealed record DeadLetterHeader(string Name, string Value);
