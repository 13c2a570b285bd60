using System.Text.Json.Serialization;

namespace Pipeline.Workflows.Contracts;

/// <summary>What made a run.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<RunTrigger>))]
public enum RunTrigger
{
    /// <summary>A slot of the workflow's schedule.</summary>
    Schedule,

    /// <summary>A request.</summary>
    Manual,

    /// <summary>A request for the slots of a range of dates.</summary>
    Backfill,
}
