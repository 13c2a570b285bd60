using System.Globalization;
using System.Text.Json.Serialization;

namespace Pipeline.Query.Contracts;

/// <summary>Why a statement failed.</summary>
/// <param name="Kind">The kind of reason.</param>
/// <param name="Message">The reason as a sentence.</param>
/// <param name="Line">The line of the statement that it is about, from 1; null where it is about none.</param>
/// <param name="Column">The column in that line, from 1.</param>
/// <param name="Hint">What may help; null where nothing is known.</param>
public sealed record SqlError(SqlErrorKind Kind, string Message, int? Line = null, int? Column = null, string? Hint = null)
{
    /// <summary>All of it in a sentence or two: <c>Line 2, column 8: ... Did you mean ...?</c></summary>
    public string Sentence
    {
        get
        {
            var place = Line is { } line ? string.Create(CultureInfo.InvariantCulture, $"Line {line}, column {Column ?? 1}: ") : "";
            return Hint is null ? place + Message : $"{place}{Message} {Hint}";
        }
    }
}

/// <summary>The kinds of reasons for a failure.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<SqlErrorKind>))]
public enum SqlErrorKind
{
    /// <summary>The statement is wrong, or its data: a syntax error, a name that is not there, a division by zero.</summary>
    Invalid,

    /// <summary>The statement would do more than read, or reads what it may not.</summary>
    Refused,

    /// <summary>It ran longer than it may.</summary>
    TimeLimit,

    /// <summary>It needs more memory, or more room on the disk, than it may have.</summary>
    MemoryLimit,

    /// <summary>It was stopped by <see cref="CancelSql"/>.</summary>
    Cancelled,

    /// <summary>Too many statements wait already.</summary>
    TooMany,

    /// <summary>The engine or its data cannot be reached now.</summary>
    Unavailable,
}
