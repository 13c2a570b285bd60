using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Pipeline.EventLog.Kafka.Native;

/// <summary>A consumer of the library: <c>rd_kafka_t</c>. Whoever owns it sees to it that no call runs when it is destroyed.</summary>
internal sealed unsafe class NativeClient
{
    /// <summary>Known to newer versions only; older ones do without.</summary>
    private static readonly string[] _optional = ["fetch.queue.backoff.ms"];

    private readonly ILogger _logger;
    private readonly RebalanceWatch? _watch;
    private readonly GCHandle _self;
    private int _destroyed;

    /// <param name="settings">The properties.</param>
    /// <param name="events">Which events go to queues.</param>
    /// <param name="logger">Takes the library's lines.</param>
    /// <param name="watch">Watches what a member does.</param>
    /// <exception cref="TerminalException">A property is not right.</exception>
    public NativeClient(IReadOnlyDictionary<string, string> settings, int events, ILogger logger, RebalanceWatch? watch = null)
    {
        _logger = logger;
        _watch = watch;
        var conf = NativeMethods.rd_kafka_conf_new();
        var error = stackalloc byte[NativeText.ErrorSize];
        foreach (var (name, value) in settings)
        {
            var result = NativeMethods.rd_kafka_conf_set(conf, name, value, error, NativeText.ErrorSize);
            if (result == NativeMethods.ConfOk || (result == NativeMethods.ConfUnknown && _optional.Contains(name)))
                continue;
            NativeMethods.rd_kafka_conf_destroy(conf);
            throw new TerminalException($"Open a Kafka consumer: {NativeText.Of(error)}");
        }

        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        NativeMethods.rd_kafka_conf_set_opaque(conf, GCHandle.ToIntPtr(_self));
        NativeMethods.rd_kafka_conf_set_log_cb(conf, &OnLog);
        NativeMethods.rd_kafka_conf_set_events(conf, events);
        watch?.Attach(conf);
        Handle = NativeMethods.rd_kafka_new(NativeMethods.ConsumerClient, conf, error, NativeText.ErrorSize);
        if (Handle == 0)
        {
            NativeMethods.rd_kafka_conf_destroy(conf);
            _self.Free();
            watch?.Detach();
            throw new TerminalException($"Open a Kafka consumer: {NativeText.Of(error)}");
        }
    }

    public nint Handle { get; }

    /// <summary>Ends it. Waits for its threads.</summary>
    /// <param name="flags">0, or <see cref="NativeMethods.NoConsumerClose"/> to go without a word to the group.</param>
    public void Destroy(int flags)
    {
        if (Interlocked.Exchange(ref _destroyed, 1) != 0)
            return;
        NativeMethods.rd_kafka_destroy_flags(Handle, flags);
        _self.Free();
        _watch?.Detach();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(nint client, int level, byte* facility, byte* text)
    {
        if (GCHandle.FromIntPtr(NativeMethods.rd_kafka_opaque(client)).Target is NativeClient self)
            KafkaLogging.Write(self._logger, level, NativeText.Of(facility) ?? "", NativeText.Of(text) ?? "");
    }
}
