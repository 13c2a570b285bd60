using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Pipeline.EventLog.Kafka.Native;

/// <summary>
/// Finds librdkafka: the one that came with the program (a build with <c>-p:Stack=aspire</c>), else the system's. Both bindings, ours and Confluent.Kafka's,
/// import <c>librdkafka</c> and get the same one.
/// </summary>
internal static class KafkaLibrary
{
    /// <summary>Offsets of any group, and rebalances in steps.</summary>
    private const int OldestVersion = 0x02000000;

    private static readonly string[] _names =
    [
        "librdkafka.so.1", "librdkafka.so", "librdkafka.1.dylib", "librdkafka.dylib", "/opt/homebrew/lib/librdkafka.dylib", "/usr/local/lib/librdkafka.dylib",
        "librdkafka.dll", "librdkafka1.dll",
    ];

    private static readonly Lazy<nint> _handle = new(Find);

    /// <summary>Loads the library.</summary>
    /// <exception cref="TerminalException">There is none, or it is too old.</exception>
    public static void Load() => _ = _handle.Value;

    /// <summary>Whether the library has a function; newer ones came with newer versions.</summary>
    public static bool Has(string function) => NativeLibrary.TryGetExport(_handle.Value, function, out _);

    private static nint Find()
    {
        var confluent = typeof(Confluent.Kafka.Library).Assembly;
        var handle = Open(confluent);
        var version = Version(handle);
        if (version < OldestVersion)
        {
            throw new TerminalException(string.Create(CultureInfo.InvariantCulture,
                $"Kafka is chosen by ConnectionStrings:kafka, but librdkafka is {version >> 24}.{(version >> 16) & 0xFF}.{(version >> 8) & 0xFF}; the log needs 2.0 or later."));
        }

        foreach (var assembly in new[] { confluent, typeof(KafkaLibrary).Assembly })
            NativeLibrary.SetDllImportResolver(assembly, (name, _, _) => name == NativeMethods.Library ? handle : 0);
        return handle;
    }

    private static nint Open(Assembly confluent)
    {
        if (NativeLibrary.TryLoad(NativeMethods.Library, confluent, null, out var handle))
            return handle;
        foreach (var name in _names)
        {
            if (NativeLibrary.TryLoad(name, out handle))
                return handle;
        }

        throw new TerminalException(
            "Kafka is chosen by ConnectionStrings:kafka, but the library librdkafka is not on this machine. Install it: apt-get install librdkafka1 (Debian, Ubuntu), " +
            "dnf install librdkafka (Fedora), apk add librdkafka (Alpine), brew install librdkafka (macOS); or build with -p:Stack=aspire, which brings it along.");
    }

    private static unsafe int Version(nint library) => ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "rd_kafka_version"))();
}
