using Npgsql;
using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Postgres;

/// <summary>The table that takes the rows, within the transaction of a load.</summary>
internal sealed class TargetTable(NpgsqlConnection connection, TargetName target)
{
    private const string Staged = "pipeline_load_rows";
    private const long CreationLock = 0x70697065_6c6f6164;

    /// <summary>Creates the table where it is missing, and its schema.</summary>
    /// <returns>Whether it was.</returns>
    public async Task<bool> EnsureAsync(IReadOnlyList<(string Name, string Type)> columns, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        if (await ExistsAsync(cancellationToken))
            return false;
        await ExecuteAsync($"SELECT pg_advisory_xact_lock({CreationLock})", cancellationToken);
        if (await ExistsAsync(cancellationToken))
            return false;
        if (keys.FirstOrDefault(k => !columns.Any(c => c.Name == k)) is { } missing)
            throw new TerminalException($"Load into {target}: the rows have no column '{missing}', which is among the keys.");
        var parts = columns.Select(c => $"{Sql.Identifier(c.Name)} {ColumnCoding.NewType(c.Type)}").ToList();
        if (keys.Count > 0)
            parts.Add($"PRIMARY KEY ({string.Join(", ", keys.Select(Sql.Identifier))})");
        await ExecuteAsync($"CREATE SCHEMA IF NOT EXISTS {target.QuotedSchema}; CREATE TABLE {target.Quoted} ({string.Join(", ", parts)})", cancellationToken);
        return true;
    }

    /// <summary>How each column of the rows gets into the column of its name.</summary>
    /// <exception cref="TerminalException">The table lacks a column.</exception>
    public async Task<IReadOnlyList<CodedColumn>> CodeAsync(IReadOnlyList<(string Name, string Type)> columns, CancellationToken cancellationToken)
    {
        var known = await ReadColumnsAsync(cancellationToken);
        var coded = new List<CodedColumn>(columns.Count);
        var missing = new List<string>();
        foreach (var (name, type) in columns)
        {
            if ((known.Find(c => c.Name == name) ?? known.Find(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase))) is { } column)
                coded.Add(ColumnCoding.For(column, name, type));
            else
                missing.Add(name);
        }

        return missing.Count == 0 ? coded : throw new TerminalException(
            $"Load into {target}: the table has no column {string.Join(", ", missing)}; it has {string.Join(", ", known.Select(c => c.Name))}.");
    }

    /// <summary>
    /// Deletes all rows. Readers see the old ones until the commit, whatever their isolation, which TRUNCATE does not grant; other loads wait.
    /// </summary>
    public Task EmptyAsync(CancellationToken cancellationToken) =>
        ExecuteAsync($"LOCK TABLE {target.Quoted} IN SHARE ROW EXCLUSIVE MODE; DELETE FROM {target.Quoted}", cancellationToken);

    /// <summary>Creates a temporary table for rows that cannot go where they belong at once.</summary>
    public async Task<string> CreateStagedAsync(IReadOnlyList<CodedColumn> columns, CancellationToken cancellationToken)
    {
        var parts = columns.Select(c => $"{Sql.Identifier(c.Name)} {c.StagedType}");
        await ExecuteAsync($"CREATE TEMP TABLE {Staged} ({string.Join(", ", parts)}) ON COMMIT DROP", cancellationToken);
        return Staged;
    }

    /// <summary>Inserts the rows of the temporary table; by keys, in the place of those that are there.</summary>
    /// <returns>How many rows were inserted or replaced.</returns>
    public Task<long> InsertAsync(string staged, IReadOnlyList<CodedColumn> columns, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var names = string.Join(", ", columns.Select(c => Sql.Identifier(c.Name)));
        var values = string.Join(", ", columns.Select(c => c.IsStaged ? $"CAST({Sql.Identifier(c.Name)} AS {c.TargetType})" : Sql.Identifier(c.Name)));
        var insert = $"INSERT INTO {target.Quoted} ({names}) SELECT {values} FROM {staged}";
        if (keys.Count > 0)
        {
            var others = columns
                .Where(c => !keys.Contains(c.Name, StringComparer.OrdinalIgnoreCase))
                .Select(c => $"{Sql.Identifier(c.Name)} = excluded.{Sql.Identifier(c.Name)}")
                .ToList();
            var conflict = string.Join(", ", keys.Select(k => Sql.Identifier(NameOf(columns, k))));
            insert += $" ON CONFLICT ({conflict}) DO {(others.Count == 0 ? "NOTHING" : $"UPDATE SET {string.Join(", ", others)}")}";
        }

        return ExecuteAsync(insert, cancellationToken);
    }

    private static string NameOf(IReadOnlyList<CodedColumn> columns, string key) =>
        columns.FirstOrDefault(c => string.Equals(c.Name, key, StringComparison.OrdinalIgnoreCase))?.Name ?? key;

    private async Task<bool> ExistsAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = target.Quoted });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private async Task<List<TargetColumn>> ReadColumnsAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), t.typname::text, a.atttypmod
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            ORDER BY a.attnum
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = target.Quoted });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var columns = new List<TargetColumn>();
        while (await reader.ReadAsync(cancellationToken))
            columns.Add(new TargetColumn(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3)));
        return columns;
    }

    private async Task<long> ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
