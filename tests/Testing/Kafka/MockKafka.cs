using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Testing.Kafka;

/// <summary>
/// librdkafka's mock cluster in this process: real brokers to a client, on ports of their own, that keep about 5 MB of each partition in memory. They know no
/// CreateTopics and no ListGroups; a topic that is asked for by name is made with 4 partitions.
/// </summary>
public sealed unsafe class MockKafka : IDisposable
{
    private const int Producer = 0;
    private const int TopicAlreadyExists = 36;

    private static readonly Lazy<nint> _library = new(Find);

    private readonly nint _client;
    private readonly nint _cluster;
    private bool _disposed;

    private MockKafka(int brokers)
    {
        var conf = ((delegate* unmanaged[Cdecl]<nint>)Function("rd_kafka_conf_new"))();
        ((delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void>, void>)Function("rd_kafka_conf_set_log_cb"))(conf, &Ignore);
        var error = stackalloc byte[512];
        _client = ((delegate* unmanaged[Cdecl]<int, nint, byte*, nuint, nint>)Function("rd_kafka_new"))(Producer, conf, error, 512);
        _cluster = ((delegate* unmanaged[Cdecl]<nint, int, nint>)Function("rd_kafka_mock_cluster_new"))(_client, brokers);
        if (_client == 0 || _cluster == 0)
            throw new InvalidOperationException("librdkafka gave no mock cluster.");
        AnswerAtOnce();
        Servers = Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint, nint>)Function("rd_kafka_mock_cluster_bootstraps"))(_cluster))!;
    }

    /// <summary>Why there can be no cluster; null where there can.</summary>
    public static string? Missing => _library.Value == 0 ? "librdkafka is not installed (Debian: librdkafka1)" : null;

    /// <summary>Where the brokers are: <c>HOST:PORT,...</c>.</summary>
    public string Servers { get; }

    /// <summary>Starts a cluster of so many brokers, with the ids from 1 on.</summary>
    public static MockKafka Start(int brokers = 3) => new(brokers);

    /// <summary>Creates a topic; one that is there stays as it is.</summary>
    public void CreateTopic(string name, int partitions, int replicas = 1)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            Check(((delegate* unmanaged[Cdecl]<nint, byte*, int, int, int>)Function("rd_kafka_mock_topic_create"))(_cluster, text, partitions, replicas), TopicAlreadyExists);
    }

    /// <summary>Makes the next requests of a kind fail, one with each error; -195 cuts the connection.</summary>
    /// <param name="request">The kind: 0 Produce, 1 Fetch, 8 OffsetCommit, 11 JoinGroup, 12 Heartbeat, 14 SyncGroup, ...</param>
    /// <param name="errors">Kafka's error codes.</param>
    public void FailNext(short request, params int[] errors)
    {
        fixed (int* codes = errors)
        {
            ((delegate* unmanaged[Cdecl]<nint, short, nuint, int*, void>)Function("rd_kafka_mock_push_request_errors_array"))(
                _cluster, request, (nuint)errors.Length, codes);
        }
    }

    /// <summary>Cuts a broker's connections and takes no new ones; -1 for all brokers.</summary>
    public void TakeDown(int broker) => Check(((delegate* unmanaged[Cdecl]<nint, int, int>)Function("rd_kafka_mock_broker_set_down"))(_cluster, broker));

    /// <summary>Lets a broker take connections again; -1 for all brokers.</summary>
    public void BringUp(int broker) => Check(((delegate* unmanaged[Cdecl]<nint, int, int>)Function("rd_kafka_mock_broker_set_up"))(_cluster, broker));

    /// <summary>Delays a broker's answers; -1 for all brokers.</summary>
    public void SetRoundTrip(int broker, TimeSpan time) =>
        Check(((delegate* unmanaged[Cdecl]<nint, int, int, int>)Function("rd_kafka_mock_broker_set_rtt"))(_cluster, broker, (int)time.TotalMilliseconds));

    /// <summary>Makes a broker the leader of a partition.</summary>
    public void SetLeader(string topic, int partition, int broker)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(topic + '\0'))
            Check(((delegate* unmanaged[Cdecl]<nint, byte*, int, int, int>)Function("rd_kafka_mock_partition_set_leader"))(_cluster, text, partition, broker));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        ((delegate* unmanaged[Cdecl]<nint, void>)Function("rd_kafka_mock_cluster_destroy"))(_cluster);
        ((delegate* unmanaged[Cdecl]<nint, void>)Function("rd_kafka_destroy"))(_client);
    }

    /// <summary>
    /// Real brokers send answers at once. The mock's sockets wait for company (Nagle's algorithm), which with the delayed acknowledgements of clients makes 40
    /// ms of what takes one; accepted connections inherit from those that listen what they do.
    /// </summary>
    private static void AnswerAtOnce()
    {
        const int SocketLevel = 1;
        const int AcceptsConnections = 30;
        const int Tcp = 6;
        const int NoDelay = 1;
        if (!OperatingSystem.IsLinux())
            return;
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            var descriptor = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            var (listens, size) = (0, sizeof(int));
            if (GetOption(descriptor, SocketLevel, AcceptsConnections, ref listens, ref size) == 0 && listens == 1)
            {
                var on = 1;
                _ = SetOption(descriptor, Tcp, NoDelay, ref on, sizeof(int));
            }
        }
    }

    [DllImport("libc", EntryPoint = "getsockopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetOption(int socket, int level, int name, ref int value, ref int size);

    [DllImport("libc", EntryPoint = "setsockopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetOption(int socket, int level, int name, ref int value, int size);

    private static void Check(int error, int allowed = 0)
    {
        if (error != 0 && error != allowed)
            throw new InvalidOperationException(Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<int, nint>)Function("rd_kafka_err2str"))(error)));
    }

    private static nint Function(string name) => NativeLibrary.GetExport(_library.Value, name);

    private static nint Find()
    {
        foreach (var name in new[] { "librdkafka.so.1", "librdkafka.so", "librdkafka.1.dylib", "librdkafka.dylib", "/opt/homebrew/lib/librdkafka.dylib", "librdkafka.dll" })
        {
            if (NativeLibrary.TryLoad(name, out var handle))
                return handle;
        }

        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ignore(nint client, int level, byte* facility, byte* text)
    {
        // The cluster's own lines are of no interest; those of clients go to their logs.
    }
}
