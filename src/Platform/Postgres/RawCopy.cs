using Npgsql;

namespace Pipeline.Postgres;

/// <summary>Ends a raw <c>COPY</c> that failed.</summary>
public static class RawCopy
{
    /// <summary>
    /// Takes back what was written, which disposal would complete: dispose of a copy that succeeded only. Never throws: on a connection that is lost there is nothing to take back, and the error that led here is
    /// the one to tell.
    /// </summary>
    public static async ValueTask AbandonAsync(this NpgsqlRawCopyStream copy)
    {
        ArgumentNullException.ThrowIfNull(copy);
        try
        {
            await copy.CancelAsync();
        }
        catch (Exception e) when (e is NpgsqlException or ObjectDisposedException or InvalidOperationException or IOException)
        {
            // The driver ends a copy with its connection.
        }
    }
}
