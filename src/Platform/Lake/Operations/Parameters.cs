using System.Globalization;
using System.Text.Json;

namespace Pipeline.Lake;

/// <summary>The text forms that other writers give to the parameters and metrics of <c>commitInfo</c>.</summary>
internal static class Parameters
{
    public static string List(IEnumerable<string> names) =>
        $"[{string.Join(',', names.Select(n => $"\"{JsonEncodedText.Encode(n, ActionJson.Encoder)}\""))}]";

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static Dictionary<string, string> Added(IReadOnlyCollection<DeltaFile> files, IReadOnlyDictionary<string, string>? further)
    {
        var metrics = new Dictionary<string, string>
        {
            ["numFiles"] = Number(files.Count),
            ["numOutputRows"] = Number(files.Sum(f => f.NumRecords ?? 0)),
            ["numOutputBytes"] = Number(files.Sum(f => f.Size)),
        };
        foreach (var (key, value) in further ?? new Dictionary<string, string>())
            metrics[key] = value;
        return metrics;
    }
}
