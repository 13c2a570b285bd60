using System.Text;

namespace Pipeline.Console.Parts;

/// <summary>Addresses with query strings.</summary>
internal static class Address
{
    /// <summary>A notebook's page.</summary>
    public static string OfNotebook(string name) => "/console/notebooks/" + Uri.EscapeDataString(name);

    /// <summary>A path with what is not null or empty as its query.</summary>
    public static string Of(string path, params ReadOnlySpan<(string Name, object? Value)> query)
    {
        var text = new StringBuilder(path);
        var separator = '?';
        foreach (var (name, value) in query)
        {
            var formatted = value switch
            {
                null or false => "",
                true => "true",
                DateTimeOffset at => at.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
                IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
                _ => value.ToString() ?? "",
            };
            if (formatted.Length == 0)
                continue;
            text.Append(separator).Append(name).Append('=').Append(Uri.EscapeDataString(formatted));
            separator = '&';
        }

        return text.ToString();
    }
}
