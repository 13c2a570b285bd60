using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.DeadLetters.Contracts;

/// <summary>What became of a dead letter.</summary>
[JsonConverter(typeof(DeadLetterStateConverter))]
public enum DeadLetterState
{
    /// <summary>Nobody has dealt with it.</summary>
    Open,

    /// <summary>A replay was begun and its end not recorded: it is under way, or was cut off. Replayed again, it is finished, once.</summary>
    Replaying,

    /// <summary>Its record is in the source topic again.</summary>
    Replayed,

    /// <summary>Somebody decided that it is not to be replayed.</summary>
    Discarded,
}

/// <summary>Writes states as words in lower case.</summary>
public sealed class DeadLetterStateConverter : JsonStringEnumConverter<DeadLetterState>
{
    /// <summary>Creates the converter.</summary>
    public DeadLetterStateConverter() : base(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    {
    }
}
