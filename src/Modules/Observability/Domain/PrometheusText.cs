using System.Globalization;
using System.Text;

namespace Pipeline.Observability.Domain;

/// <summary>
/// Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/), and the names that OpenTelemetry's measurements have in it
/// (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/).
/// </summary>
internal static class PrometheusText
{
    /// <summary>The content type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly Dictionary<string, string> _units = new(StringComparer.Ordinal)
    {
        ["s"] = "seconds",
        ["ms"] = "milliseconds",
        ["us"] = "microseconds",
        ["ns"] = "nanoseconds",
        ["min"] = "minutes",
        ["h"] = "hours",
        ["d"] = "days",
        ["By"] = "bytes",
        ["KiBy"] = "kibibytes",
        ["MiBy"] = "mebibytes",
        ["%"] = "percent",
        ["Hz"] = "hertz",
        ["Cel"] = "celsius",
    };

    /// <summary>A measurement's name: dots and the like become underscores, the unit is appended, and <c>_total</c> to counters.</summary>
    public static string MetricName(string name, string? unit, bool counter)
    {
        var text = Sanitise(name, colons: true);
        if (unit is not null && _units.TryGetValue(unit, out var word) && !HasWord(text, word))
            text += "_" + word;
        else if (unit == "1" && !counter && !HasWord(text, "ratio"))
            text += "_ratio";
        return counter && !text.EndsWith("_total", StringComparison.Ordinal) ? text + "_total" : text;
    }

    /// <summary>A label's name: what is no letter, digit or underscore becomes an underscore.</summary>
    public static string LabelName(string name) => Sanitise(name, colons: false);

    /// <summary>Writes families. One without values yet has its head, which says what there may be.</summary>
    public static string Write(IEnumerable<MetricFamily> families)
    {
        var text = new StringBuilder(16 << 10);
        foreach (var family in families)
        {
            text.Append("# HELP ").Append(family.Name).Append(' ');
            AppendEscaped(text, family.Help, quotes: false);
            text.Append("\n# TYPE ").Append(family.Name).Append(' ').Append(family.Type).Append('\n');
            foreach (var sample in family.Samples)
                Append(text, family.Name, sample);
        }

        return text.ToString();
    }

    /// <summary>A number as the format has it.</summary>
    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => double.IsNaN(value) ? "NaN" : value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static void Append(StringBuilder text, string name, in MetricSample sample)
    {
        text.Append(name).Append(sample.Suffix);
        if (sample.Labels.Count > 0)
        {
            var separator = '{';
            foreach (var (label, value) in sample.Labels)
            {
                text.Append(separator).Append(label).Append("=\"");
                AppendEscaped(text, value, quotes: true);
                text.Append('"');
                separator = ',';
            }

            text.Append('}');
        }

        text.Append(' ').Append(Number(sample.Value)).Append('\n');
    }

    private static void AppendEscaped(StringBuilder text, string value, bool quotes)
    {
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '"' when quotes => text.Append("\\\""),
                _ => text.Append(c),
            };
        }
    }

    private static string Sanitise(string name, bool colons)
    {
        var text = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            if (text.Length == 0 && char.IsAsciiDigit(c))
                text.Append('_');
            text.Append(char.IsAsciiLetterOrDigit(c) || (colons && c == ':') ? c : '_');
        }

        // Runs of underscores are one.
        for (var i = text.Length - 1; colons && i > 0; i--)
        {
            if (text[i] == '_' && text[i - 1] == '_')
                text.Remove(i, 1);
        }

        return text.Length == 0 ? "_" : text.ToString();
    }

    private static bool HasWord(string name, string word) => name.Split('_').Contains(word);
}
