using System.Globalization;
using System.Runtime.InteropServices;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// An open DuckDB database. It may be shared by any number of threads; each connects for itself. Connections keep the database open after it was disposed.
/// </summary>
/// <remarks>
/// Extensions are neither installed nor loaded by themselves (json, parquet and icu are part of the library), and the time zone of a session is UTC,
/// so that nothing depends on the machine. <see cref="DuckOptions.Settings"/> can change both.
/// </remarks>
public sealed class DuckDatabase : IDisposable
{
    private const long FlushThreshold = 16L << 20;

    private readonly DatabaseHandle _handle;

    private DuckDatabase(DatabaseHandle handle) => _handle = handle;

    /// <summary>The version of the loaded library, such as <c>v1.5.5</c>.</summary>
    public static unsafe string LibraryVersion => Marshal.PtrToStringUTF8((nint)NativeMethods.duckdb_library_version()) ?? "";

    /// <summary>Opens a database; creates its file when there is none.</summary>
    /// <exception cref="DuckException">A setting is wrong, or the file is no database.</exception>
    /// <exception cref="DuckTransientException">The file is open elsewhere or cannot be read.</exception>
    public static DuckDatabase Open(DuckOptions? options = null)
    {
        options ??= new DuckOptions();
        ArgumentException.ThrowIfNullOrEmpty(options.Path);
        var settings = SettingsOf(options);
        var handle = new DatabaseHandle();
        try
        {
            Open(handle, options.Path, settings);
            var database = new DuckDatabase(handle);
            using var connection = database.Connect();
            if (!settings.ContainsKey("TimeZone"))
                connection.Execute("SET GLOBAL TimeZone = 'UTC'");

            // The library takes this setting as it opens and forgets it.
            if (options.MaxTempBytes is { } temp && options.TempDirectory is not null)
                connection.Execute(string.Create(CultureInfo.InvariantCulture, $"SET GLOBAL max_temp_directory_size = '{temp}B'"));

            return database;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>A new connection. It is for one thread at a time.</summary>
    public DuckConnection Connect()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        var connection = new ConnectionHandle(_handle);
        if (NativeMethods.duckdb_connect(_handle, out var value) != NativeMethods.Success)
        {
            connection.Dispose();
            throw ErrorFactory.Create("connect", "The library opened no connection.", default);
        }

        connection.Set(value);
        return new DuckConnection(new Session(connection));
    }

    /// <summary>Closes the database as soon as its last connection, statement, result and appender is closed.</summary>
    public void Dispose() => _handle.Dispose();

    private static Dictionary<string, string> SettingsOf(DuckOptions options)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["autoinstall_known_extensions"] = "false",
            ["autoload_known_extensions"] = "false",

            // What is freed goes back to the system while the engine rests, and not when a later query happens to pass by.
            ["allocator_background_threads"] = "true",
            ["allocator_flush_threshold"] = Bytes(FlushThreshold),
        };
        if (options.MemoryLimitBytes is { } memory)
            settings["memory_limit"] = Bytes(memory);
        if (options.Threads is { } threads)
            settings["threads"] = threads.ToString(CultureInfo.InvariantCulture);
        if (options.TempDirectory is { } directory)
            settings["temp_directory"] = directory;
        else if (options.Path == DuckOptions.InMemory)
            settings["temp_directory"] = "";
        if (options.MaxTempBytes is { } temp)
            settings["max_temp_directory_size"] = Bytes(temp);
        foreach (var (name, value) in options.Settings ?? new Dictionary<string, string>())
            settings[name] = value;
        return settings;

        static string Bytes(long count) => count.ToString(CultureInfo.InvariantCulture) + "B";
    }

    private static unsafe void Open(DatabaseHandle handle, string path, Dictionary<string, string> settings)
    {
        if (NativeMethods.duckdb_create_config(out var config) != NativeMethods.Success)
            throw ErrorFactory.Create("open", "The library made no configuration.", default);
        try
        {
            foreach (var (name, value) in settings)
            {
                if (NativeMethods.duckdb_set_config(config, name, value) == NativeMethods.Success)
                    continue;
                throw ErrorFactory.Create(
                    $"open of {path}", $"Setting '{name}' does not exist or does not take the value given.", default, DuckErrorType.InvalidConfiguration);
            }

            if (NativeMethods.duckdb_open_ext(path, out var database, config, out var error) != NativeMethods.Success)
                throw ErrorFactory.Create($"open of {path}", NativeMethods.TakeString(error), default);
            handle.Set(database);
        }
        finally
        {
            NativeMethods.duckdb_destroy_config(ref config);
        }
    }
}
