namespace Pipeline.DuckDb.Native;

/// <summary>Owns a <c>duckdb_connection</c>.</summary>
internal sealed class ConnectionHandle(DatabaseHandle database) : NativeHandle(database)
{
    internal DatabaseHandle Database => database;

    /// <summary>Asks the running query to stop; does nothing when none runs or the connection is gone.</summary>
    internal void Interrupt()
    {
        var referenced = false;
        try
        {
            DangerousAddRef(ref referenced);
            NativeMethods.duckdb_interrupt(this);
        }
        catch (ObjectDisposedException)
        {
            // The connection closed before the interrupt came: there is nothing left to stop.
        }
        finally
        {
            if (referenced)
                DangerousRelease();
        }
    }

    protected override void Destroy(nint value)
    {
        // A result that was forgotten may still be running; the library would wait for it.
        NativeMethods.duckdb_interrupt(value);
        NativeMethods.duckdb_disconnect(ref value);
    }
}
