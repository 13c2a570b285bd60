using System.Globalization;
using Pipeline.Analytics.Contracts;
using Pipeline.Console.Parts;

namespace Pipeline.Console.Pages.Analytics;

/// <summary>An answer as a table and a chart.</summary>
internal sealed record QuestionTable(
    IReadOnlyList<QuestionColumn> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, ChartData Chart, long? LakeVersion, DateTimeOffset? RefreshedAt)
{
    private const int Drawn = 12;

    /// <summary>Of an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="kind">The chart's kind.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="cells">The cells of a row.</param>
    /// <param name="point">What of a row is drawn.</param>
    public static QuestionTable Of<T>(
        Answer<T> answer, string kind, IReadOnlyList<QuestionColumn> columns, Func<T, IReadOnlyList<string>> cells, Func<T, (string Name, double Value)> point)
    {
        var points = answer.Rows.Take(Drawn).Select(point).ToList();
        return new QuestionTable(
            columns,
            [.. answer.Rows.Select(cells)],
            new ChartData(kind, [.. points.Select(p => p.Name)], [new ChartSeries(columns.First(c => c.Numeric).Name, [.. points.Select(p => (double?)p.Value)])]),
            answer.LakeVersion,
            answer.RefreshedAt);
    }

    /// <summary>An amount with two digits.</summary>
    public static string Money(decimal amount) => amount.ToString("N2", CultureInfo.InvariantCulture);

    /// <summary>A share of 1 as a percentage.</summary>
    public static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}

/// <summary>A column of an answer.</summary>
internal sealed record QuestionColumn(string Name, bool Numeric = false);
