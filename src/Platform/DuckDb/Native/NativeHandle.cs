using System.Runtime.InteropServices;

namespace Pipeline.DuckDb.Native;

/// <summary>
/// Owns one native object and keeps its parent's handle referenced until it is released, so that disposal and finalisation are safe in any order.
/// </summary>
internal abstract class NativeHandle : SafeHandle
{
    private readonly SafeHandle? _parent;

    protected NativeHandle(SafeHandle? parent) : base(0, ownsHandle: true)
    {
        var referenced = false;
        parent?.DangerousAddRef(ref referenced);
        _parent = parent;
    }

    /// <summary>Never invalid: even an empty handle has to give its parent's reference back. Every destroy function accepts null.</summary>
    public override bool IsInvalid => false;

    internal nint Value => handle;

    internal void Set(nint value) => SetHandle(value);

    protected sealed override bool ReleaseHandle()
    {
        Destroy(handle);
        handle = 0;
        _parent?.DangerousRelease();
        return true;
    }

    protected abstract void Destroy(nint value);
}
