using System.Collections.Concurrent;
using Pipeline.Workflows.Application;
using Quartz;
using Schedule = Pipeline.Workflows.Domain.Schedule;

namespace Pipeline.Workflows.Infrastructure.Time;

/// <summary>Slots as Quartz counts them, also where clocks change.</summary>
internal sealed class CronSchedules : ISchedules
{
    private const int UnixFields = 5;
    private const int Most = 256;

    private readonly ConcurrentDictionary<(string Cron, string TimeZone), CronExpression> _parsed = new();

    public string? Check(Schedule schedule)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(schedule.TimeZone, out _))
            return $"'{schedule.TimeZone}' is no time zone; use an IANA name such as Europe/Berlin.";
        try
        {
            _ = Parse(schedule.Cron);
            return null;
        }
        catch (FormatException e)
        {
            return $"'{schedule.Cron}' is no cron expression of five fields, or six with seconds first: {e.Message}";
        }
    }

    public DateTimeOffset? Next(Schedule schedule, DateTimeOffset after) => Expression(schedule).GetNextValidTimeAfter(after)?.ToUniversalTime();

    /// <summary>The schedule as Quartz has it.</summary>
    public CronExpression Expression(Schedule schedule)
    {
        if (_parsed.TryGetValue((schedule.Cron, schedule.TimeZone), out var expression))
            return expression;
        if (_parsed.Count >= Most)
            _parsed.Clear();
        return _parsed[(schedule.Cron, schedule.TimeZone)] = Parse(schedule.Cron).WithTimeZone(TimeZoneInfo.FindSystemTimeZoneById(schedule.TimeZone));
    }

    private static CronExpression Parse(string cron) =>
        cron.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Length == UnixFields
            ? CronExpression.Parse(cron, CronFormat.Unix)
            : CronExpression.Parse(cron);
}
