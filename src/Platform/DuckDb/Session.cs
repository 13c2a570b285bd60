using System.Runtime.InteropServices;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// What a connection and everything made from it share: the native connection, the guard against use by two threads at once,
/// and a count of commands by which a streaming result sees that a later command ended it.
/// </summary>
internal sealed class Session(ConnectionHandle handle)
{
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

    /// <summary>Notes a command that ends whatever streams; called inside a lease.</summary>
    internal void BeginCommand() => Commands++;

    /// <summary>Prepares one statement; called inside a lease.</summary>
    internal unsafe StatementHandle Prepare(string sql)
    {
        CheckSql(sql);
        BeginCommand();
        var statement = new StatementHandle(Handle);
        try
        {
            var state = NativeMethods.duckdb_prepare(Handle, sql, out var value);
            statement.Set(value);
            return state == NativeMethods.Success ? statement : throw PrepareError(statement, sql, default);
        }
        catch
        {
            statement.Dispose();
            throw;
        }
    }

    /// <summary>Runs a prepared statement; called inside a lease.</summary>
    internal unsafe ResultHandle Run(StatementHandle statement, bool streaming, string sql, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        BeginCommand();
        nint pending = 0;
        var result = new ResultHandle(Handle);
        try
        {
            var state = streaming
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

    /// <summary>Ends the query that is streaming, and with it its transaction and its buffers; called inside a lease.</summary>
    internal void EndStream()
    {
        // Preparing an empty text fails without effect, but first closes whatever the connection is running.
        BeginCommand();
        _ = NativeMethods.duckdb_prepare(Handle, "", out var statement);
        NativeMethods.duckdb_destroy_prepare(ref statement);
    }

    internal CancellationTokenRegistration Watch(CancellationToken ct) =>
        ct.CanBeCanceled ? ct.UnsafeRegister(static handle => ((ConnectionHandle)handle!).Interrupt(), Handle) : default;

    internal static void CheckSql(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        if (sql.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("SQL text cannot hold a NUL character; bind the value as a parameter.", nameof(sql));
    }

    internal static unsafe Exception PrepareError(StatementHandle statement, string sql, CancellationToken ct)
    {
        var message = NativeMethods.duckdb_prepare_error(statement);
        return ErrorFactory.Create("prepare", message is null ? "The library gave no reason." : Text(message), sql, cancellation: ct);
    }

    internal static unsafe Exception ResultError(string operation, ResultHandle result, string sql, CancellationToken ct)
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
