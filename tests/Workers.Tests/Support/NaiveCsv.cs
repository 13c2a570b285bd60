using System.Text;

namespace Pipeline.Workers.Tests;

/// <summary>RFC 4180 character by character: the reference that the product's reader is compared with.</summary>
internal static class NaiveCsv
{
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Read(string text)
    {
        var records = new List<List<string>>();
        var record = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        var atStart = true;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var starts = atStart;
            atStart = false;
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (c == '"' && (quoted || starts))
            {
                // Elsewhere in a field that is not quoted, a quote is an ordinary character: real files hold such fields.
                quoted = !quoted;
            }
            else if (!quoted && c is ',' or '\n')
            {
                record.Add(field.ToString());
                field.Clear();
                atStart = true;
                if (c == ',')
                    continue;
                records.Add(record);
                record = [];
            }
            else if (quoted || c != '\r')
            {
                field.Append(c);
            }
        }

        if (record.Count > 0 || field.Length > 0)
        {
            record.Add(field.ToString());
            records.Add(record);
        }

        return [.. records.Skip(1).Select(r => records[0].Zip(r).ToDictionary(p => p.First, p => p.Second))];
    }
}
