using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Postgres.Server;

/// <summary>
/// The settings of the private server, written anew at each start, so that a new version of the program brings its own.
/// </summary>
internal static class ServerConfiguration
{
    /// <summary>The custom setting by which a running server tells which settings it was started with.</summary>
    public const string FingerprintSetting = "pipeline.settings";

    private static readonly (string Name, string Value)[] _settings =
    [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
        ("max_connections", "100"),

        // Small when idle: the data that is hot fits, the rest is in the system's cache.
        ("shared_buffers", "96MB"),
        ("work_mem", "8MB"),
        ("maintenance_work_mem", "64MB"),
        ("huge_pages", "off"),
        ("io_method", "sync"),
        ("max_worker_processes", "4"),
        ("max_parallel_workers", "2"),
        ("max_parallel_workers_per_gather", "1"),
        ("max_parallel_maintenance_workers", "1"),
        ("jit", "off"),

        // Durable, without what only replication needs.
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        ("max_logical_replication_workers", "0"),
        ("max_wal_size", "2GB"),
        ("min_wal_size", "256MB"),
        ("wal_buffers", "8MB"),
        ("checkpoint_timeout", "15min"),
        ("checkpoint_completion_target", "0.9"),

        // Counters are updated in place all the time: clean early and steadily.
        ("autovacuum_max_workers", "2"),
        ("autovacuum_worker_slots", "2"),
        ("autovacuum_naptime", "20s"),
        ("autovacuum_vacuum_scale_factor", "0.1"),

        // Errors of statements reach the client that made them; the log is for what concerns the server, and holds no data.
        ("log_min_messages", "log"),
        ("log_checkpoints", "off"),
        ("log_autovacuum_min_duration", "-1"),
        ("log_line_prefix", "%m [%p] "),
        ("log_timezone", "UTC"),
        ("timezone", "UTC"),
        ("datestyle", "iso, ymd"),
        ("lc_messages", "C"),
        ("lc_monetary", "C"),
        ("lc_numeric", "C"),
        ("lc_time", "C"),
        ("default_text_search_config", "pg_catalog.english"),
    ];

    /// <summary>Identifies the settings and the version, so that a server started by an older program is told apart.</summary>
    public static string Fingerprint(ServerEngine engine, IReadOnlyDictionary<string, string> overrides)
    {
        var text = $"{engine.Version}\n" + string.Join('\n', Merged(overrides).Select(s => $"{s.Name}={s.Value}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
    }

    /// <summary>Writes the server's configuration and its access rules.</summary>
    public static void Write(ServerLayout layout, ServerEngine engine, int port, IReadOnlyDictionary<string, string> overrides)
    {
        var text = new StringBuilder("# Rewritten at each start of the host.\n");
        Append(text, "port", port.ToString(CultureInfo.InvariantCulture));
        Append(text, "hba_file", layout.AccessRules);
        Append(text, "ident_file", layout.IdentRules);
        Append(text, FingerprintSetting, Fingerprint(engine, overrides));
        foreach (var (name, value) in Merged(overrides))
            Append(text, name, value);

        DurableFile.Replace(layout.AccessRules, "# Rewritten at each start of the host.\nhost all all 127.0.0.1/32 scram-sha-256\n", Modes.Readable);
        DurableFile.Replace(layout.IdentRules, "", Modes.Readable);
        DurableFile.Replace(layout.Configuration, text.ToString(), Modes.Readable);
    }

    /// <summary>The port of the last start, so that a restart keeps its address when it can; 0 when there was none.</summary>
    public static int LastPort(ServerLayout layout)
    {
        if (!File.Exists(layout.Configuration))
            return 0;
        var line = File.ReadLines(layout.Configuration).FirstOrDefault(l => l.StartsWith("port = '", StringComparison.Ordinal));
        return int.TryParse(line?["port = '".Length..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0;
    }

    private static IEnumerable<(string Name, string Value)> Merged(IReadOnlyDictionary<string, string> overrides) =>
        _settings.Where(s => !overrides.ContainsKey(s.Name)).Concat(overrides.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => (o.Key, o.Value)));

    private static void Append(StringBuilder text, string name, string value) =>
        text.Append(name).Append(" = '")
            .Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)).Append("'\n");
}
