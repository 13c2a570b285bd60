using System.Globalization;

namespace Pipeline.Lake;

/// <summary>
/// Reads the two forms of the connection string: <c>s3://bucket/prefix?endpoint=http://host:port&amp;pathStyle=true</c> and, as Aspire and MinIO write it,
/// <c>Endpoint=http://host:port;AccessKey=...;SecretKey=...;Bucket=...</c>. Names of settings are those of <see cref="S3Options"/>, in any case.
/// </summary>
internal static class S3ConnectionString
{
    private const string Name = $"ConnectionStrings:{LakeOptions.ConnectionStringName}";

    private static readonly string[] _schemes = ["s3://", "s3a://"];

    private static readonly Dictionary<string, Action<S3Options, string>> _settings = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(S3Options.Endpoint)] = (o, v) => o.Endpoint = v.TrimEnd('/'),
        [nameof(S3Options.Region)] = (o, v) => o.Region = v,
        [nameof(S3Options.Bucket)] = (o, v) => o.Bucket = v,
        [nameof(S3Options.Prefix)] = (o, v) => o.Prefix = v.Trim('/'),
        [nameof(S3Options.PathStyle)] = (o, v) => o.PathStyle = bool.Parse(v),
        [nameof(S3Options.AccessKey)] = (o, v) => o.AccessKey = v,
        [nameof(S3Options.SecretKey)] = (o, v) => o.SecretKey = v,
        [nameof(S3Options.SessionToken)] = (o, v) => o.SessionToken = v,
        [nameof(S3Options.CreateBucket)] = (o, v) => o.CreateBucket = bool.Parse(v),
        [nameof(S3Options.Checksums)] = (o, v) => o.Checksums = Enum.Parse<S3Checksums>(v.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
        [nameof(S3Options.SignPayload)] = (o, v) => o.SignPayload = bool.Parse(v),
        [nameof(S3Options.PartBytes)] = (o, v) => o.PartBytes = long.Parse(v, CultureInfo.InvariantCulture),
        [nameof(S3Options.ParallelParts)] = (o, v) => o.ParallelParts = int.Parse(v, CultureInfo.InvariantCulture),
        [nameof(S3Options.MaxConnections)] = (o, v) => o.MaxConnections = int.Parse(v, CultureInfo.InvariantCulture),
        [nameof(S3Options.RequestTimeout)] = (o, v) => o.RequestTimeout = TimeSpan.Parse(v, CultureInfo.InvariantCulture),
        [nameof(S3Options.MaxAttempts)] = (o, v) => o.MaxAttempts = int.Parse(v, CultureInfo.InvariantCulture),
        [nameof(S3Options.CacheFolder)] = (o, v) => o.CacheFolder = v,
        [nameof(S3Options.CacheBytes)] = (o, v) => o.CacheBytes = long.Parse(v, CultureInfo.InvariantCulture),
        [nameof(S3Options.CacheKeep)] = (o, v) => o.CacheKeep = TimeSpan.Parse(v, CultureInfo.InvariantCulture),
    };

    /// <summary>True where the text names S3 in either form.</summary>
    public static bool IsS3(string connectionString) => Scheme(connectionString) is not null || IsPairs(connectionString);

    /// <summary>Puts what the connection string says over options.</summary>
    /// <returns>The options, and the faults of the text; a fault names a setting but not its value, which may be a secret.</returns>
    public static (S3Options Options, IReadOnlyList<string> Faults) Apply(string connectionString, S3Options options)
    {
        var result = options.Copy();
        var faults = new List<string>();
        if (Scheme(connectionString) is { } scheme)
            ReadUri(connectionString[scheme.Length..], result, faults);
        else
            ReadPairs(connectionString.Split(';'), result, faults);
        result.Endpoint = string.IsNullOrWhiteSpace(result.Endpoint) ? null : result.Endpoint.TrimEnd('/');
        result.Prefix = result.Prefix?.Trim('/');
        return (result, faults);
    }

    private static string? Scheme(string text) => Array.Find(_schemes, s => text.StartsWith(s, StringComparison.OrdinalIgnoreCase));

    private static bool IsPairs(string text)
    {
        var first = text.IndexOf('=', StringComparison.Ordinal);
        return first > 0 && _settings.ContainsKey(text[..first].Trim()) && (text.Contains(';', StringComparison.Ordinal) || !Directory.Exists(text));
    }

    private static void ReadUri(string rest, S3Options options, List<string> faults)
    {
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? rest : rest[..question];
        if (path.Contains('@', StringComparison.Ordinal))
        {
            faults.Add($"{Name} holds an '@' before the '?'; keys are given as accessKey and secretKey, or apart from it.");
            return;
        }

        var slash = path.IndexOf('/', StringComparison.Ordinal);
        options.Bucket = slash < 0 ? path : path[..slash];
        options.Prefix = slash < 0 ? null : Uri.UnescapeDataString(path[(slash + 1)..]).Trim('/');
        if (question >= 0)
            ReadPairs(rest[(question + 1)..].Split('&').Select(Uri.UnescapeDataString), options, faults);
    }

    private static void ReadPairs(IEnumerable<string> pairs, S3Options options, List<string> faults)
    {
        foreach (var pair in pairs)
        {
            if (string.IsNullOrWhiteSpace(pair))
                continue;
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? "" : pair[..equals].Trim();
            if (!_settings.TryGetValue(name, out var set))
            {
                faults.Add(equals < 0
                    ? $"{Name} holds a part that is not of the form name=value."
                    : $"{Name} holds '{name}', which is no setting of S3; there are {string.Join(", ", _settings.Keys)}.");
                continue;
            }

            try
            {
                set(options, pair[(equals + 1)..].Trim());
            }
            catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
            {
                faults.Add($"{Name}: the value of '{name}' cannot be read.");
            }
        }
    }
}
