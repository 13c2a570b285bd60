using System.Globalization;
using System.Text;

namespace Pipeline.Observability.Tests.Domain;

/// <summary>Reads Prometheus' text format character by character, as its description says, and refuses everything else.</summary>
internal static class PrometheusReader
{
    public sealed record Family(string Name, string Type, string Help, List<Sample> Samples);

    public sealed record Sample(string Name, List<KeyValuePair<string, string>> Labels, double Value)
    {
        public string Series => Name + "{" + string.Join(",", Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value.Length}:{l.Value}")) + "}";
    }

    public static List<Family> Read(string text)
    {
        Assert.True(text.Length == 0 || text.EndsWith('\n'));
        var families = new List<Family>();
        string? help = null;
        foreach (var line in text.Split('\n')[..^1])
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                var at = line.IndexOf(' ', 7);
                families.Add(new Family(Name(line[7..at]), "", Unescape(line[(at + 1)..]), []));
                help = families[^1].Name;
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var parts = line[7..].Split(' ');
                Assert.Equal(help, parts[0]);
                Assert.Contains(parts[1], (string[])["counter", "gauge", "histogram"]);
                families[^1] = families[^1] with { Type = parts[1] };
            }
            else
            {
                families[^1].Samples.Add(ReadSample(line));
            }
        }

        Assert.Equal(families.Count, families.Select(f => f.Name).Distinct().Count());
        foreach (var family in families)
            Check(family);
        return families;
    }

    private static void Check(Family family)
    {
        Assert.NotEqual("", family.Type);
        Assert.Equal(family.Samples.Count, family.Samples.Select(s => s.Series).Distinct().Count());
        string[] names = family.Type == "histogram" ? [family.Name + "_bucket", family.Name + "_sum", family.Name + "_count"] : [family.Name];
        Assert.All(family.Samples, s => Assert.Contains(s.Name, names));
        if (family.Type == "counter")
            Assert.EndsWith("_total", family.Name, StringComparison.Ordinal);
        if (family.Type != "histogram")
            return;
        foreach (var series in family.Samples.Where(s => s.Name.EndsWith("_bucket", StringComparison.Ordinal)).GroupBy(s => string.Join(",", s.Labels.Where(l => l.Key != "le"))))
        {
            var bounds = series.Select(s => Number(s.Labels.Single(l => l.Key == "le").Value)).ToArray();
            Assert.Equal(bounds.Order(), bounds);
            Assert.Equal(double.PositiveInfinity, bounds[^1]);
            var counts = series.Select(s => s.Value).ToArray();
            Assert.Equal(counts.Order(), counts);
            var count = family.Samples.Single(s => s.Name.EndsWith("_count", StringComparison.Ordinal) && string.Join(",", s.Labels) == series.Key);
            Assert.Equal(counts[^1], count.Value);
        }
    }

    private static Sample ReadSample(string line)
    {
        var at = line.IndexOfAny(['{', ' ']);
        var name = Name(line[..at]);
        var labels = new List<KeyValuePair<string, string>>();
        if (line[at] == '{')
        {
            while (line[at] != '}')
            {
                var equals = line.IndexOf('=', at);
                var label = line[(at + 1)..equals];
                Assert.Matches("^[a-zA-Z_][a-zA-Z0-9_]*$", label);
                Assert.Equal('"', line[equals + 1]);
                var value = new StringBuilder();
                for (at = equals + 2; line[at] != '"'; at++)
                {
                    if (line[at] == '\\')
                        value.Append(line[++at] switch { '\\' => '\\', '"' => '"', 'n' => '\n', _ => throw new FormatException(line) });
                    else
                        value.Append(line[at]);
                }

                labels.Add(new(label, value.ToString()));
                at++;
                Assert.Contains(line[at], ",}");
            }

            at++;
        }

        Assert.Equal(' ', line[at]);
        return new Sample(name, labels, Number(line[(at + 1)..]));
    }

    private static string Name(string text)
    {
        Assert.Matches("^[a-zA-Z_:][a-zA-Z0-9_:]*$", text);
        return text;
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    private static string Unescape(string text)
    {
        var plain = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
            plain.Append(text[i] != '\\' ? text[i] : text[++i] switch { '\\' => '\\', 'n' => '\n', _ => throw new FormatException(text) });
        return plain.ToString();
    }
}
