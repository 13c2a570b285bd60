using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>The table function by which the library reads <see cref="DuckRowTable"/>s: its argument is the table's number.</summary>
/// <remarks>The library calls on its own threads; no exception may leave a callback, so each becomes the query's error.</remarks>
internal static unsafe class RowFunction
{
    internal const string Name = "pipeline_rows";

    private static readonly ConcurrentDictionary<long, DuckRowTable> _tables = new();
    private static long _last;

    internal static long Add(DuckRowTable table)
    {
        var id = Interlocked.Increment(ref _last);
        _tables[id] = table;
        return id;
    }

    internal static void Remove(long id) => _tables.TryRemove(id, out _);

    /// <summary>Makes the function known to a database, for all its connections.</summary>
    internal static void Register(DatabaseHandle database)
    {
        if (NativeMethods.duckdb_connect(database, out var connection) != NativeMethods.Success)
            throw ErrorFactory.Create("connect", "The library opened no connection.", default);
        var function = NativeMethods.duckdb_create_table_function();
        var parameter = NativeMethods.duckdb_create_logical_type((int)DuckTypeId.BigInt);
        try
        {
            NativeMethods.duckdb_table_function_set_name(function, Name);
            NativeMethods.duckdb_table_function_add_parameter(function, parameter);
            NativeMethods.duckdb_table_function_set_bind(function, &Bind);
            NativeMethods.duckdb_table_function_set_init(function, &Init);
            NativeMethods.duckdb_table_function_set_local_init(function, &InitLocal);
            NativeMethods.duckdb_table_function_set_function(function, &Read);
            if (NativeMethods.duckdb_register_table_function(connection, function) != NativeMethods.Success)
                throw ErrorFactory.Create("register a table function", "The library did not take it.", default);
        }
        finally
        {
            NativeMethods.duckdb_destroy_logical_type(ref parameter);
            NativeMethods.duckdb_destroy_table_function(ref function);
            NativeMethods.duckdb_disconnect(ref connection);
        }
    }

    [UnmanagedCallersOnly]
    private static void Bind(nint bind)
    {
        try
        {
            var value = NativeMethods.duckdb_bind_get_parameter(bind, 0);
            var id = NativeMethods.duckdb_get_int64(value);
            NativeMethods.duckdb_destroy_value(ref value);
            var table = Find(id);
            var columns = table.Source.Columns;
            for (var i = 0; i < columns.Count; i++)
                NativeMethods.duckdb_bind_add_result_column(bind, columns[i].Name, table.NativeTypes[i]);
            NativeMethods.duckdb_bind_set_bind_data(bind, (nint)id, null);
        }
        catch (Exception e)
        {
            NativeMethods.duckdb_bind_set_error(bind, Message(e));
        }
    }

    [UnmanagedCallersOnly]
    private static void Init(nint init)
    {
        try
        {
            var table = Find(NativeMethods.duckdb_init_get_bind_data(init));
            var scan = table.Source.BeginScan();
            NativeMethods.duckdb_init_set_max_threads(init, (ulong)Math.Max(1, scan.MaxThreads));
            NativeMethods.duckdb_init_set_init_data(init, GCHandle.ToIntPtr(GCHandle.Alloc(new Scan(table, scan))), &Free);
        }
        catch (Exception e)
        {
            NativeMethods.duckdb_init_set_error(init, Message(e));
        }
    }

    [UnmanagedCallersOnly]
    private static void InitLocal(nint init)
    {
        try
        {
            NativeMethods.duckdb_init_set_init_data(init, GCHandle.ToIntPtr(GCHandle.Alloc(new ThreadState())), &Free);
        }
        catch (Exception e)
        {
            NativeMethods.duckdb_init_set_error(init, Message(e));
        }
    }

    [UnmanagedCallersOnly]
    private static void Read(nint function, nint chunk)
    {
        try
        {
            var scan = (Scan)Target(NativeMethods.duckdb_function_get_init_data(function));
            var state = (ThreadState)Target(NativeMethods.duckdb_function_get_local_init_data(function));
            NativeMethods.duckdb_data_chunk_set_size(chunk, (ulong)state.Read(scan, chunk));
        }
        catch (Exception e)
        {
            NativeMethods.duckdb_function_set_error(function, Message(e));
        }
    }

    [UnmanagedCallersOnly]
    private static void Free(nint data)
    {
        var handle = GCHandle.FromIntPtr(data);
        (handle.Target as IDisposable)?.Dispose();
        handle.Free();
    }

    private static DuckRowTable Find(long id) =>
        _tables.TryGetValue(id, out var table) ? table : throw new InvalidOperationException($"There are no rows of number {id}, or no longer.");

    private static object Target(nint data) => GCHandle.FromIntPtr(data).Target ?? throw new InvalidOperationException("The state of a scan is gone.");

    // The library's messages end at a NUL.
    private static string Message(Exception e) => e.Message.Replace('\0', ' ');

    private sealed record Scan(DuckRowTable Table, IDuckRowScan Rows);

    private sealed class ThreadState : IDisposable
    {
        private IDuckRowReader? _reader;
        private DuckRowWriter? _writer;

        public int Read(Scan scan, nint chunk)
        {
            _reader ??= scan.Rows.OpenReader();
            _writer ??= new DuckRowWriter(scan.Table.Types);
            _writer.Attach(chunk);
            var count = _reader.Read(_writer);
            _writer.Complete();
            return count;
        }

        public void Dispose()
        {
            _writer?.Dispose();
            (_reader as IDisposable)?.Dispose();
        }
    }
}
