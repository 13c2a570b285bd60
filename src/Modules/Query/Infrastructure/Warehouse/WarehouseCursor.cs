using System.Globalization;
using Npgsql;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Warehouse;

/// <summary>The rows of a statement of PostgreSQL, in portions of a cursor: the server computes no more than is read.</summary>
internal sealed class WarehouseCursor : ISqlCursor
{
    private const int FirstRows = 100;

    private readonly NpgsqlConnection _connection;
    private readonly WarehouseStatement _statement;
    private readonly Queue<string?[]> _read = new();
    private bool _ended;

    private WarehouseCursor(NpgsqlConnection connection, WarehouseStatement statement)
    {
        _connection = connection;
        _statement = statement;
    }

    public IReadOnlyList<SqlColumn> Columns { get; private set; } = [];

    /// <summary>Starts a statement; the connection is the cursor's from then on.</summary>
    public static async Task<WarehouseCursor> OpenAsync(NpgsqlConnection connection, WarehouseStatement statement, CancellationToken cancellationToken)
    {
        var cursor = new WarehouseCursor(connection, statement);
        try
        {
            await cursor.ExecuteAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancellationToken);
            if (statement.Explains)
            {
                await cursor.FetchAsync(statement.Sql, cancellationToken);
                cursor._ended = true;
                return cursor;
            }

            await cursor.ExecuteAsync(statement.Sql, cancellationToken);
            await cursor.FetchAsync(FirstRows, cancellationToken);
            return cursor;
        }
        catch (Exception e) when (e is NpgsqlException)
        {
            await cursor.DisposeAsync();
            throw statement.Translate(e);
        }
        catch
        {
            await cursor.DisposeAsync();
            throw;
        }
    }

    public async Task<IReadOnlyList<string?[]>> ReadAsync(int maxRows, CancellationToken cancellationToken)
    {
        if (_read.Count == 0 && !_ended)
        {
            try
            {
                await FetchAsync(maxRows, cancellationToken);
            }
            catch (NpgsqlException e)
            {
                throw _statement.Translate(e);
            }
        }

        var rows = new List<string?[]>(Math.Min(maxRows, _read.Count));
        while (rows.Count < maxRows && _read.TryDequeue(out var row))
            rows.Add(row);
        return rows;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task FetchAsync(int rows, CancellationToken cancellationToken)
    {
        var before = _read.Count;
        await FetchAsync(string.Create(CultureInfo.InvariantCulture, $"FETCH FORWARD {rows} FROM {WarehouseStatement.Cursor}"), cancellationToken);
        _ended = _read.Count - before < rows;
    }

    private async Task FetchAsync(string sql, CancellationToken cancellationToken)
    {
        // As text, which PostgreSQL has for every type.
        await using var command = new NpgsqlCommand(sql, _connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (Columns.Count == 0)
        {
            Columns = [.. Enumerable.Range(0, reader.FieldCount).Select(i => Column(reader.GetName(i), reader.GetDataTypeName(i)))];
        }

        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new string?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++)
                row[i] = reader.IsDBNull(i) ? null : Text(reader.GetString(i), Columns[i].Kind);
            _read.Enqueue(row);
        }
    }

    private static SqlColumn Column(string name, string type) => new(name, type, KindOf(type));

    private static SqlColumnKind KindOf(string type)
    {
        var plain = type.AsSpan();
        if (plain.StartsWith("pg_catalog.", StringComparison.Ordinal))
            plain = plain["pg_catalog.".Length..];
        if (plain.IndexOf('(') is var open and > 0)
            plain = plain[..open];
        return plain switch
        {
            "boolean" => SqlColumnKind.Boolean,
            "smallint" or "integer" or "bigint" or "numeric" or "real" or "double precision" or "oid" => SqlColumnKind.Number,
            "date" or "timestamp" or "timestamp with time zone" or "timestamp without time zone" => SqlColumnKind.Time,
            "json" or "jsonb" => SqlColumnKind.Json,
            _ => SqlColumnKind.Text,
        };
    }

    private static string Text(string value, SqlColumnKind kind) => kind switch
    {
        SqlColumnKind.Boolean => value == "t" ? "true" : "false",
        SqlColumnKind.Time => TimeText.Iso(value),
        _ => value,
    };
}
