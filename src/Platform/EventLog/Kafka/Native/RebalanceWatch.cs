using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pipeline.EventLog.Kafka.Native;

/// <summary>
/// Knows when a member asks its group to share out anew, by the requests that the library sends. An offset commit that follows a JoinGroup carries the
/// generation before it, and librdkafka before 2.8 gives up all its partitions when the broker refuses that one; so commits wait.
/// </summary>
internal sealed unsafe class RebalanceWatch(Signal changed, TimeProvider time)
{
    private const short JoinGroup = 11;
    private const short Heartbeat = 12;
    private const short SyncGroup = 14;
    private const string Name = "pipeline";

    /// <summary>How long the library may take from the answer that calls for a rebalance to its request to join.</summary>
    private static readonly TimeSpan _reaction = TimeSpan.FromMilliseconds(50);

    private GCHandle _self;
    private long _heard = long.MinValue;
    private volatile bool _rebalancing;

    /// <summary>Whether the member has asked to join and has not heard yet what it is to hold.</summary>
    public bool Rebalancing => _rebalancing;

    /// <summary>How long until it is sure that the group's last answer called for no rebalance.</summary>
    public TimeSpan Doubt
    {
        get
        {
            var heard = Volatile.Read(ref _heard);
            return heard == long.MinValue ? TimeSpan.Zero : _reaction - time.GetElapsedTime(heard);
        }
    }

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
        else if (request == Heartbeat)
            Of(opaque).Hear();
        return 0;
    }

    private static RebalanceWatch Of(nint opaque) => (RebalanceWatch)GCHandle.FromIntPtr(opaque).Target!;

    private void Hear() => Volatile.Write(ref _heard, time.GetTimestamp());

    /// <summary>The answer may be an error, upon which the library asks to join again.</summary>
    private void End()
    {
        Hear();
        _rebalancing = false;
        changed.Set();
    }
}
