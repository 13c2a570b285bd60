using System.Text.Json.Serialization;

namespace Pipeline.Workflows.Contracts;

/// <summary>How a try of a task ended.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<TryOutcome>))]
public enum TryOutcome
{
    /// <summary>It ended well.</summary>
    Succeeded,

    /// <summary>The task's condition was not true.</summary>
    Skipped,

    /// <summary>It failed, and no other try follows.</summary>
    Failed,

    /// <summary>It failed for a reason that may pass, and another try follows.</summary>
    Retrying,

    /// <summary>It was stopped with the run.</summary>
    Cancelled,

    /// <summary>Its worker was not heard of any more.</summary>
    Lost,

    /// <summary>Its worker was stopped and gave it back.</summary>
    Released,
}
