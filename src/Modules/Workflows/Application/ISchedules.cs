using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application;

/// <summary>The slots of schedules.</summary>
internal interface ISchedules
{
    /// <summary>What is wrong with a schedule, as a sentence; null where nothing is.</summary>
    string? Check(Schedule schedule);

    /// <summary>The first slot after a moment; null where there is none any more.</summary>
    DateTimeOffset? Next(Schedule schedule, DateTimeOffset after);
}
