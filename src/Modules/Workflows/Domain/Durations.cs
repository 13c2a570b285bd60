using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Workflows.Domain;

/// <summary>Lengths of time as people write them: <c>90s</c>, <c>5m</c>, <c>1h30m</c>, <c>2d</c>.</summary>
internal static partial class Durations
{
    private static readonly TimeSpan _longest = TimeSpan.FromDays(3_650);

    /// <summary>Reads one; null where the text is none, is zero, or is longer than ten years.</summary>
    public static TimeSpan? TryParse(string text)
    {
        if (!Form().IsMatch(text))
            return null;
        double seconds = 0;
        foreach (Match part in Part().Matches(text))
        {
            seconds += double.Parse(part.Groups[1].Value, CultureInfo.InvariantCulture) * part.Groups[2].Value switch
            {
                "ms" => 0.001,
                "s" => 1,
                "m" => 60,
                "h" => 3_600,
                _ => 86_400,
            };
        }

        return seconds > 0 && seconds <= _longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    [GeneratedRegex(@"^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h|d))+$")]
    private static partial Regex Form();

    [GeneratedRegex(@"([0-9.]+)(ms|s|m|h|d)")]
    private static partial Regex Part();
}
