using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Postgres;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;
using Pipeline.Query.Infrastructure.Lake;

namespace Pipeline.Query.Infrastructure.Warehouse;

/// <summary>PostgreSQL, as a role that may only read.</summary>
internal sealed class WarehouseEngine(WarehouseReader reader, ParquetFiles parquet, IOptions<QueryOptions> options) : ISqlEngine
{
    // The chunks of the log hold bytes for nobody to read.
    private const string Tables = """
        SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname), a.attname, format_type(a.atttypid, a.atttypmod)
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            AND NOT (n.nspname = 'log' AND c.relname ~ '^batches_[0-9]+$') AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
        ORDER BY n.nspname, c.relname, a.attnum
        """;

    public QueryEngine Engine => QueryEngine.Warehouse;

    public int Slots => options.Value.WarehouseStatements;

    public async Task<ISqlCursor> OpenAsync(SqlRequest request, CancellationToken cancellationToken)
    {
        var statement = WarehouseStatement.Prepare(request);
        return await WarehouseCursor.OpenAsync(await reader.OpenAsync(cancellationToken), statement, cancellationToken);
    }

    public async Task<string> WriteParquetAsync(SqlRequest request, CancellationToken cancellationToken)
    {
        await using var cursor = await OpenAsync(request, cancellationToken);
        return await parquet.WriteAsync(cursor, cancellationToken);
    }

    public async Task<(IReadOnlyList<SqlTable> Tables, bool Complete)> ListTablesAsync(CancellationToken timeLimit, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeLimit, cancellationToken);
        try
        {
            var columns = new Dictionary<string, List<SqlTableColumn>>(StringComparer.Ordinal);
            await using var connection = await reader.OpenAsync(either.Token);
            await using var command = new NpgsqlCommand(Tables, connection);
            await using var rows = await command.ExecuteReaderAsync(either.Token);
            while (await rows.ReadAsync(either.Token))
            {
                var table = rows.GetString(0);
                if (!columns.TryGetValue(table, out var known))
                    columns.Add(table, known = []);
                known.Add(new SqlTableColumn(rows.GetString(1), rows.GetString(2)));
            }

            return ([.. columns.Select(t => new SqlTable(t.Key, null, null, t.Value))], true);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, "List the warehouse's tables");
        }
    }
}
