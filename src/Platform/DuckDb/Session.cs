using System.Runtime.InteropServices;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// What a connection and everything made from it share: the native connection, the guard against use by two threads at once,
/// and a count of commands by which a streaming result sees that a later command ended it.
/// </summary>
internal sealed class Session(ConnectionHandle handle)
{
    private const int SelectStatement = 1;
    private const int ChangedRows = 1;

    private int _busy;

    internal ConnectionHandle Handle { get; } = handle;

    /// <summary>Counts the commands that ended whatever result was streaming before.</summary>
    internal long Commands { get; private set; }

    /// <summary>Takes the connection for one native call, or for several that belong together.</summary>
    /// <exception cref="InvalidOperationException">Another thread is using it.</exception>
    internal Lease Enter()
    {
        if (Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            throw new InvalidOperationException(
                "A DuckDB connection is in use by another thread: it takes one call at a time, so open one connection for each thread.");
        }

        return new Lease(this);
    }

    internal bool TryEnter(out Lease lease)
    {
        var entered = Interlocked.CompareExchange(ref _busy, 1, 0) == 0;
        lease = entered ? new Lease(this) : default;
        return entered;
    }

    /// <summary>Whether a result is streaming that was not read to its end.</summary>
    internal bool Streams { get; set; }

    /// <summary>Starts a command: ends whatever streams; called inside a lease.</summary>
    internal void BeginCommand()
    {
        if (Streams)
            EndStream();
        Commands++;
    }

    /// <summary>Runs a prepared statement; called inside a lease.</summary>
    internal unsafe ResultHandle Run(StatementHandle statement, SqlPart sql, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        BeginCommand();
        nint pending = 0;
        var result = new ResultHandle(Handle);
        try
        {
            // Only SELECT streams: a data change that returns rows must run to its end even if nobody reads them.
            var state = NativeMethods.duckdb_prepared_statement_type(statement) == SelectStatement
                ? NativeMethods.duckdb_pending_prepared_streaming(statement, out pending)
                : NativeMethods.duckdb_pending_prepared(statement, out pending);
            if (state != NativeMethods.Success)
                throw ErrorFactory.Create("query", Text(NativeMethods.duckdb_pending_error(pending)), sql, cancellation: ct);

            // The library forgets interrupts when a query becomes pending, so the token is watched from here on. Disposing the registration waits for
            // its callback: an interrupt can come late for this query, but never during the next one, which forgets it as it starts.
            using (Watch(ct))
            {
                ct.ThrowIfCancellationRequested();
                state = NativeMethods.duckdb_execute_pending(pending, result.Pointer);
            }

            return state == NativeMethods.Success ? result : throw ResultError("query", result, sql, ct);
        }
        catch
        {
            result.Dispose();
            throw;
        }
        finally
        {
            NativeMethods.duckdb_destroy_pending(ref pending);
        }
    }

    /// <summary>Reads a result to its end and returns the rows that the statement changed; called inside a lease.</summary>
    internal unsafe long Drain(ResultHandle result, SqlPart sql, CancellationToken ct)
    {
        if (NativeMethods.duckdb_result_is_streaming(*result.Pointer) == 0)
            return NativeMethods.duckdb_result_return_type(*result.Pointer) == ChangedRows ? (long)NativeMethods.duckdb_rows_changed(result.Pointer) : 0;

        using var chunk = new ChunkHandle();
        using var watch = Watch(ct);
        do
            chunk.Replace(NativeMethods.duckdb_fetch_chunk(*result.Pointer));
        while (chunk.Value != 0);
        return NativeMethods.duckdb_result_error(result.Pointer) is null ? 0 : throw ResultError("query", result, sql, ct);
    }

    /// <summary>Ends the query that is streaming, and with it its transaction and its buffers; called inside a lease.</summary>
    internal void EndStream()
    {
        // Without the interrupt, the library would wait for workers that find no further row until they have searched to the end.
        // Preparing an empty text fails without effect, but first closes whatever the connection is running and forgets the interrupt.
        Handle.Interrupt();
        _ = NativeMethods.duckdb_prepare(Handle, "", out var statement);
        NativeMethods.duckdb_destroy_prepare(ref statement);
        Streams = false;
    }

    internal CancellationTokenRegistration Watch(CancellationToken ct) =>
        ct.CanBeCanceled ? ct.UnsafeRegister(static handle => ((ConnectionHandle)handle!).Interrupt(), Handle) : default;

    internal static void CheckSql(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        if (sql.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("SQL text cannot hold a NUL character; bind the value as a parameter.", nameof(sql));
    }

    internal static unsafe Exception PrepareError(StatementHandle statement, SqlPart sql, CancellationToken ct)
    {
        var message = NativeMethods.duckdb_prepare_error(statement);
        return ErrorFactory.Create("prepare", message is null ? "The library gave no reason." : Text(message), sql, cancellation: ct);
    }

    internal static unsafe Exception ResultError(string operation, ResultHandle result, SqlPart sql, CancellationToken ct)
    {
        var message = NativeMethods.duckdb_result_error(result.Pointer);
        var type = (DuckErrorType)NativeMethods.duckdb_result_error_type(result.Pointer);
        return ErrorFactory.Create(operation, message is null ? "The library gave no reason." : Text(message), sql, type, ct);
    }

    internal static unsafe string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    /// <summary>The use of the connection by one call.</summary>
    internal readonly struct Lease(Session session) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref session._busy, 0);
    }
}
