using System.Text.Json;

namespace Pipeline.Testing;

/// <summary>
/// A reader of Delta tables in a folder that shares nothing with the product's: it replays every commit's JSON from version 0. For tests; log clean-up would defeat it.
/// </summary>
public static class DeltaFolder
{
    /// <summary>The absolute paths of the files that the newest version consists of.</summary>
    public static IReadOnlyList<string> LiveFiles(string table)
    {
        var log = Path.Combine(table, "_delta_log");
        if (!Directory.Exists(log))
            return [];
        var live = new Dictionary<string, string>(StringComparer.Ordinal);
        var expected = 0L;
        foreach (var commit in Directory.EnumerateFiles(log, "*.json").Where(f => Path.GetFileName(f).Length == 25).Order(StringComparer.Ordinal))
        {
            var version = long.Parse(Path.GetFileNameWithoutExtension(commit), System.Globalization.CultureInfo.InvariantCulture);
            if (version != expected++)
                throw new InvalidOperationException($"Version {expected - 1} is missing in {log}.");
            foreach (var line in File.ReadLines(commit).Where(l => l.Length > 0))
            {
                using var action = JsonDocument.Parse(line);
                if (action.RootElement.TryGetProperty("add", out var add))
                    live[add.GetProperty("path").GetString()!] = Path.Combine(table, Uri.UnescapeDataString(add.GetProperty("path").GetString()!));
                else if (action.RootElement.TryGetProperty("remove", out var remove))
                    live.Remove(remove.GetProperty("path").GetString()!);
            }
        }

        return [.. live.Values];
    }
}
