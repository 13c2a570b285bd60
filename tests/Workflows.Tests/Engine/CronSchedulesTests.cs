using System.Globalization;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Time;

namespace Pipeline.Workflows.Tests.Engine;

public sealed class CronSchedulesTests
{
    private readonly CronSchedules _schedules = new();

    [Theory]
    [InlineData("*/2 * * * *", "UTC", "2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z", "2026-01-01T00:04:00Z")]
    [InlineData("0 6 * * 1", "Europe/Berlin", "2026-01-01T00:00:00Z", "2026-01-05T05:00:00Z", "2026-01-12T05:00:00Z")]
    [InlineData("0 6 * * 0", "UTC", "2026-01-01T00:00:00Z", "2026-01-04T06:00:00Z", "2026-01-11T06:00:00Z")]
    [InlineData("30 0 12 * * ?", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T12:00:30Z", "2026-01-02T12:00:30Z")]
    public void Next_OfFiveOrSixFields_IsTheSlotInTheZone(string cron, string zone, string after, string first, string second) =>
        Assert.Equal([Time(first), Time(second)], Slots(cron, zone, after, 2));

    /// <summary>Clocks in Berlin went from 2:00 to 3:00 on 29 March 2026.</summary>
    [Fact]
    public void Next_WhereClocksGoForward_ASlotThatDoesNotExistComesOnceAtTheChange()
    {
        var slots = Slots("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        Assert.Equal([Time("2026-03-28T01:30:00Z"), Time("2026-03-29T01:00:00Z"), Time("2026-03-30T00:30:00Z")], slots);
    }

    /// <summary>Clocks in Berlin went from 3:00 back to 2:00 on 25 October 2026.</summary>
    [Fact]
    public void Next_WhereClocksGoBack_ASlotOfTheDayComesOnceAndOneOfEachHourInBothHours()
    {
        Assert.Equal(
            [Time("2026-10-24T00:30:00Z"), Time("2026-10-25T00:30:00Z"), Time("2026-10-26T01:30:00Z")],
            Slots("30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 3));
        Assert.Equal(
            [Time("2026-10-25T00:30:00Z"), Time("2026-10-25T01:30:00Z"), Time("2026-10-25T02:30:00Z")],
            Slots("30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 3));
    }

    [Fact]
    public void Next_BeyondTheLastSlot_IsNone() => Assert.Null(_schedules.Next(new Schedule("0 0 0 1 1 ? 2020"), Time("2026-01-01T00:00:00Z")));

    [Theory]
    [InlineData("0 6 * * *", "UTC", null)]
    [InlineData("0 6 * *", "UTC", "cron expression")]
    [InlineData("61 6 * * *", "UTC", "cron expression")]
    [InlineData("", "UTC", "cron expression")]
    [InlineData("0 6 * * *", "Europe/Atlantis", "time zone")]
    public void Check_Schedule_SaysWhatIsWrong(string cron, string zone, string? fault)
    {
        var found = _schedules.Check(new Schedule(cron, zone));
        if (fault is null)
            Assert.Null(found);
        else
            Assert.Contains(fault, found, StringComparison.Ordinal);
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private List<DateTimeOffset> Slots(string cron, string zone, string after, int count)
    {
        var slots = new List<DateTimeOffset>();
        for (var at = Time(after); slots.Count < count; at = slots[^1])
            slots.Add(_schedules.Next(new Schedule(cron, zone), at)!.Value);
        return slots;
    }
}
