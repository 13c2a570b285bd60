using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pipeline.EventLog.Kafka.Native;

/// <summary>A queue of the library that sets a signal when it is no longer empty.</summary>
internal sealed unsafe class NativeQueue : IDisposable
{
    private readonly GCHandle _signal;

    public NativeQueue(nint handle, Signal signal)
    {
        Handle = handle;
        _signal = GCHandle.Alloc(signal);
        NativeMethods.rd_kafka_queue_cb_event_enable(handle, &OnEvent, GCHandle.ToIntPtr(_signal));
    }

    public nint Handle { get; private set; }

    public void Dispose()
    {
        if (Handle == 0)
            return;

        // Takes the queue's lock, so no callback runs afterwards.
        NativeMethods.rd_kafka_queue_cb_event_enable(Handle, null, 0);
        NativeMethods.rd_kafka_queue_destroy(Handle);
        _signal.Free();
        Handle = 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnEvent(nint client, nint opaque) => ((Signal)GCHandle.FromIntPtr(opaque).Target!).Set();
}
