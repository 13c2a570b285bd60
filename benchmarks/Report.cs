using System.Globalization;

namespace Pipeline.Benchmarks;

/// <summary>Prints figures beside their limits.</summary>
internal static class Report
{
    public static void Line(FormattableString text) => System.Console.WriteLine(FormattableString.Invariant(text));

    /// <summary>Prints whether a figure is on the right side of its limit.</summary>
    public static bool AtLeast(string what, double figure, double limit, string unit)
    {
        var met = figure >= limit;
        System.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(met ? "ok  " : "MISS")} {what}: {figure:N1} {unit} (limit: at least {limit:N1})"));
        return met;
    }

    /// <inheritdoc cref="AtLeast" />
    public static bool AtMost(string what, double figure, double limit, string unit)
    {
        var met = figure <= limit;
        System.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(met ? "ok  " : "MISS")} {what}: {figure:N2} {unit} (limit: at most {limit:N2})"));
        return met;
    }
}
