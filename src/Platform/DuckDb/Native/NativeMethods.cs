using System.Runtime.InteropServices;

namespace Pipeline.DuckDb.Native;

/// <summary>
/// The part of libduckdb's C API that this binding uses, as declared in <c>duckdb.h</c> of version 1.5.
/// Getters that only read a field skip the GC transition; whatever can run, wait or allocate much does not.
/// </summary>
internal static unsafe partial class NativeMethods
{
    private const string Library = "duckdb";

    internal const int Success = 0;

    /// <summary>Rows in a full data chunk.</summary>
    internal const int VectorSize = 2048;

    static NativeMethods()
    {
        NativeLibrary.SetDllImportResolver(
            typeof(NativeMethods).Assembly,
            static (name, _, _) => name == Library ? NativeLibrary.Load(EngineLocator.DuckDbLibrary()) : 0);
    }

    /// <summary>Takes over a string that the library allocated.</summary>
    internal static string TakeString(byte* text)
    {
        try
        {
            return Marshal.PtrToStringUTF8((nint)text) ?? "";
        }
        finally
        {
            duckdb_free(text);
        }
    }

    [LibraryImport(Library)]
    internal static partial void duckdb_free(void* pointer);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_library_version();

    // Database, configuration, connection

    [LibraryImport(Library)]
    internal static partial int duckdb_create_config(out nint config);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int duckdb_set_config(nint config, string name, string option);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_config(ref nint config);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int duckdb_open_ext(string path, out nint database, nint config, out byte* error);

    [LibraryImport(Library)]
    internal static partial void duckdb_close(ref nint database);

    [LibraryImport(Library)]
    internal static partial int duckdb_connect(DatabaseHandle database, out nint connection);

    [LibraryImport(Library)]
    internal static partial void duckdb_disconnect(ref nint connection);

    [LibraryImport(Library)]
    internal static partial void duckdb_interrupt(ConnectionHandle connection);

    [LibraryImport(Library)]
    internal static partial void duckdb_interrupt(nint connection);

    // Statements

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial ulong duckdb_extract_statements(ConnectionHandle connection, string query, out nint statements);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_extract_statements_error(nint statements);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_extracted(ref nint statements);

    [LibraryImport(Library)]
    internal static partial int duckdb_prepare_extracted_statement(ConnectionHandle connection, nint statements, ulong index, out nint statement);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int duckdb_prepare(ConnectionHandle connection, string query, out nint statement);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_prepare_error(StatementHandle statement);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_prepare(ref nint statement);

    [LibraryImport(Library)]
    internal static partial int duckdb_prepared_statement_type(StatementHandle statement);

    [LibraryImport(Library)]
    internal static partial ulong duckdb_nparams(StatementHandle statement);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int duckdb_bind_parameter_index(StatementHandle statement, out ulong index, string name);

    [LibraryImport(Library)]
    internal static partial int duckdb_clear_bindings(StatementHandle statement);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_boolean(StatementHandle statement, ulong index, byte value);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_int32(StatementHandle statement, ulong index, int value);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_int64(StatementHandle statement, ulong index, long value);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_double(StatementHandle statement, ulong index, double value);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_varchar_length(StatementHandle statement, ulong index, byte* value, ulong length);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_blob(StatementHandle statement, ulong index, byte* value, ulong length);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_decimal(StatementHandle statement, ulong index, NativeDecimal value);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_timestamp_tz(StatementHandle statement, ulong index, long micros);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_date(StatementHandle statement, ulong index, int days);

    [LibraryImport(Library)]
    internal static partial int duckdb_bind_null(StatementHandle statement, ulong index);

    // Execution and results

    [LibraryImport(Library)]
    internal static partial int duckdb_pending_prepared(StatementHandle statement, out nint pending);

    [LibraryImport(Library)]
    internal static partial int duckdb_pending_prepared_streaming(StatementHandle statement, out nint pending);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_pending_error(nint pending);

    [LibraryImport(Library)]
    internal static partial int duckdb_execute_pending(nint pending, NativeResult* result);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_pending(ref nint pending);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_result(NativeResult* result);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_result_error(NativeResult* result);

    [LibraryImport(Library)]
    internal static partial int duckdb_result_error_type(NativeResult* result);

    [LibraryImport(Library)]
    internal static partial int duckdb_result_return_type(NativeResult result);

    [LibraryImport(Library)]
    internal static partial byte duckdb_result_is_streaming(NativeResult result);

    [LibraryImport(Library)]
    internal static partial ulong duckdb_rows_changed(NativeResult* result);

    [LibraryImport(Library)]
    internal static partial ulong duckdb_column_count(NativeResult* result);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_column_name(NativeResult* result, ulong column);

    [LibraryImport(Library)]
    internal static partial nint duckdb_column_logical_type(NativeResult* result, ulong column);

    [LibraryImport(Library)]
    internal static partial nint duckdb_fetch_chunk(NativeResult result);

    // Logical types

    [LibraryImport(Library)]
    internal static partial nint duckdb_create_logical_type(int type);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_logical_type(ref nint type);

    [LibraryImport(Library)]
    internal static partial int duckdb_get_type_id(nint type);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_logical_type_get_alias(nint type);

    [LibraryImport(Library)]
    internal static partial byte duckdb_decimal_width(nint type);

    [LibraryImport(Library)]
    internal static partial byte duckdb_decimal_scale(nint type);

    [LibraryImport(Library)]
    internal static partial int duckdb_enum_internal_type(nint type);

    [LibraryImport(Library)]
    internal static partial uint duckdb_enum_dictionary_size(nint type);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_enum_dictionary_value(nint type, ulong index);

    [LibraryImport(Library)]
    internal static partial nint duckdb_list_type_child_type(nint type);

    [LibraryImport(Library)]
    internal static partial nint duckdb_array_type_child_type(nint type);

    [LibraryImport(Library)]
    internal static partial ulong duckdb_array_type_array_size(nint type);

    [LibraryImport(Library)]
    internal static partial nint duckdb_map_type_key_type(nint type);

    [LibraryImport(Library)]
    internal static partial nint duckdb_map_type_value_type(nint type);

    [LibraryImport(Library)]
    internal static partial ulong duckdb_struct_type_child_count(nint type);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_struct_type_child_name(nint type, ulong index);

    [LibraryImport(Library)]
    internal static partial nint duckdb_struct_type_child_type(nint type, ulong index);

    [LibraryImport(Library)]
    internal static partial ulong duckdb_union_type_member_count(nint type);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_union_type_member_name(nint type, ulong index);

    [LibraryImport(Library)]
    internal static partial nint duckdb_union_type_member_type(nint type, ulong index);

    // Data chunks and vectors

    [LibraryImport(Library)]
    internal static partial nint duckdb_create_data_chunk(nint* types, ulong columns);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_data_chunk(ref nint chunk);

    [LibraryImport(Library)]
    internal static partial void duckdb_data_chunk_reset(nint chunk);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial ulong duckdb_data_chunk_get_size(nint chunk);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial void duckdb_data_chunk_set_size(nint chunk, ulong size);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint duckdb_data_chunk_get_vector(nint chunk, ulong column);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial byte* duckdb_vector_get_data(nint vector);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial ulong* duckdb_vector_get_validity(nint vector);

    [LibraryImport(Library)]
    internal static partial void duckdb_vector_ensure_validity_writable(nint vector);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint duckdb_list_vector_get_child(nint vector);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial ulong duckdb_list_vector_get_size(nint vector);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint duckdb_array_vector_get_child(nint vector);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint duckdb_struct_vector_get_child(nint vector, ulong index);

    // Appender

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int duckdb_appender_create(ConnectionHandle connection, string? schema, string table, out nint appender);

    [LibraryImport(Library)]
    internal static partial ulong duckdb_appender_column_count(AppenderHandle appender);

    [LibraryImport(Library)]
    internal static partial nint duckdb_appender_column_type(AppenderHandle appender, ulong column);

    [LibraryImport(Library)]
    internal static partial int duckdb_append_data_chunk(AppenderHandle appender, nint chunk);

    [LibraryImport(Library)]
    internal static partial int duckdb_appender_flush(AppenderHandle appender);

    [LibraryImport(Library)]
    internal static partial int duckdb_appender_clear(nint appender);

    [LibraryImport(Library)]
    internal static partial int duckdb_appender_destroy(ref nint appender);

    [LibraryImport(Library)]
    internal static partial nint duckdb_appender_error_data(AppenderHandle appender);

    [LibraryImport(Library)]
    internal static partial int duckdb_error_data_error_type(nint error);

    [LibraryImport(Library)]
    internal static partial byte* duckdb_error_data_message(nint error);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_error_data(ref nint error);

    // Table functions

    [LibraryImport(Library)]
    internal static partial nint duckdb_create_table_function();

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_table_function(ref nint function);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void duckdb_table_function_set_name(nint function, string name);

    [LibraryImport(Library)]
    internal static partial void duckdb_table_function_add_parameter(nint function, nint type);

    [LibraryImport(Library)]
    internal static partial void duckdb_table_function_set_bind(nint function, delegate* unmanaged<nint, void> bind);

    [LibraryImport(Library)]
    internal static partial void duckdb_table_function_set_init(nint function, delegate* unmanaged<nint, void> init);

    [LibraryImport(Library)]
    internal static partial void duckdb_table_function_set_local_init(nint function, delegate* unmanaged<nint, void> init);

    [LibraryImport(Library)]
    internal static partial void duckdb_table_function_set_function(nint function, delegate* unmanaged<nint, nint, void> read);

    [LibraryImport(Library)]
    internal static partial int duckdb_register_table_function(nint connection, nint function);

    [LibraryImport(Library)]
    internal static partial nint duckdb_bind_get_parameter(nint bind, ulong index);

    [LibraryImport(Library)]
    internal static partial long duckdb_get_int64(nint value);

    [LibraryImport(Library)]
    internal static partial void duckdb_destroy_value(ref nint value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void duckdb_bind_add_result_column(nint bind, string name, nint type);

    [LibraryImport(Library)]
    internal static partial void duckdb_bind_set_bind_data(nint bind, nint data, delegate* unmanaged<nint, void> destroy);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void duckdb_bind_set_error(nint bind, string error);

    [LibraryImport(Library)]
    internal static partial nint duckdb_init_get_bind_data(nint init);

    [LibraryImport(Library)]
    internal static partial void duckdb_init_set_init_data(nint init, nint data, delegate* unmanaged<nint, void> destroy);

    [LibraryImport(Library)]
    internal static partial void duckdb_init_set_max_threads(nint init, ulong threads);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void duckdb_init_set_error(nint init, string error);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint duckdb_function_get_init_data(nint function);

    [LibraryImport(Library), SuppressGCTransition]
    internal static partial nint duckdb_function_get_local_init_data(nint function);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void duckdb_function_set_error(nint function, string error);

    [LibraryImport(Library)]
    internal static partial int duckdb_list_vector_reserve(nint vector, ulong capacity);

    [LibraryImport(Library)]
    internal static partial int duckdb_list_vector_set_size(nint vector, ulong size);
}
