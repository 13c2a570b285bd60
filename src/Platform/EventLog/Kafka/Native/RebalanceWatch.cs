using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pipeline.EventLog.Kafka.Native;

/// <summary>
/// Knows when a member asks its group to share out anew, by the requests that the library sends. An offset commit that follows a JoinGroup carries the generation before it,
/// and librdkafka before 2.8 gives up all its partitions when the broker refuses that one; so commits wait.
/// </summary>
internal sealed unsafe class RebalanceWatch(Signal changed)
{
    private const short JoinGroup = 11;
    private const short SyncGroup = 14;
    private const string Name = "pipeline";

    private GCHandle _self;
    private volatile bool _rebalancing;

    /// <summary>Whether the member has asked to join and has not heard yet what it is to hold.</summary>
    public bool Rebalancing => _rebalancing;

    /// <summary>Hooks into the client that is made from the configuration.</summary>
    public void Attach(nint conf)
    {
        _self = GCHandle.Alloc(this);
        _ = NativeMethods.rd_kafka_conf_interceptor_add_on_new(conf, Name, &OnNew, GCHandle.ToIntPtr(_self));
    }

    /// <summary>Call it when the client is destroyed.</summary>
    public void Detach() => _self.Free();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnNew(nint client, nint conf, nint opaque, byte* error, nuint size)
    {
        _ = NativeMethods.rd_kafka_interceptor_add_on_request_sent(client, Name, &OnSent, opaque);
        _ = NativeMethods.rd_kafka_interceptor_add_on_response_received(client, Name, &OnReceived, opaque);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnSent(nint client, int socket, byte* broker, int id, short request, short version, int correlation, nuint size, nint opaque)
    {
        if (request == JoinGroup)
            Of(opaque)._rebalancing = true;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnReceived(
        nint client, int socket, byte* broker, int id, short request, short version, int correlation, nuint size, long roundTrip, int error, nint opaque)
    {
        if (request == SyncGroup)
            Of(opaque).End();
        return 0;
    }

    private static RebalanceWatch Of(nint opaque) => (RebalanceWatch)GCHandle.FromIntPtr(opaque).Target!;

    private void End()
    {
        _rebalancing = false;
        changed.Set();
    }
}
