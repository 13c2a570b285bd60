using Npgsql;
using NpgsqlTypes;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Postgres;

/// <summary>
/// The mark that a task's rows are in a table: a row of <c>pipeline_loads</c> in the table's schema, written in the transaction of the rows. Of two tries at a
/// time the second waits for the first.
/// </summary>
internal sealed class LoadMark(NpgsqlConnection connection, TargetName target, string effectId)
{
    private const string TableName = "pipeline_loads";
    private const long CreationLock = 0x70697065_6c6f6164;

    // Longer than a run may be taken up again.
    private const string Kept = "30 days";
    private const int RemovedAtOnce = 1_000;

    private readonly string _table = $"{target.QuotedSchema}.{TableName}";

    /// <summary>Sets the mark unless it is there.</summary>
    /// <returns>Null where it was set now; else the rows of the try that set it.</returns>
    public async Task<long?> TrySetAsync(CancellationToken cancellationToken)
    {
        await EnsureTableAsync(cancellationToken);
        await using var insert = Command($"INSERT INTO {_table} (effect_id, rows) VALUES ($1, 0) ON CONFLICT (effect_id) DO NOTHING");
        if (await insert.ExecuteNonQueryAsync(cancellationToken) == 1)
            return null;
        await using var select = Command($"SELECT rows FROM {_table} WHERE effect_id = $1");
        return await select.ExecuteScalarAsync(cancellationToken) is long rows ? rows : 0;
    }

    /// <summary>Notes how many rows it stands for, and removes marks that nobody asks for any more.</summary>
    public async Task CompleteAsync(long rows, CancellationToken cancellationToken)
    {
        await using (var update = Command($"UPDATE {_table} SET rows = $2 WHERE effect_id = $1"))
        {
            update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = rows });
            await update.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var delete = new NpgsqlCommand(
            $"""
            DELETE FROM {_table} WHERE effect_id IN (
                SELECT effect_id FROM {_table} WHERE loaded_at < now() - interval '{Kept}' LIMIT {RemovedAtOnce} FOR UPDATE SKIP LOCKED)
            """,
            connection);
        await delete.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task EnsureTableAsync(CancellationToken cancellationToken)
    {
        await using (var exists = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection))
        {
            exists.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _table });
            if (await exists.ExecuteScalarAsync(cancellationToken) is true)
                return;
        }

        // IF NOT EXISTS fails where two create at a time.
        await using var create = new NpgsqlCommand(
            $"""
            SELECT pg_advisory_xact_lock({CreationLock});
            CREATE SCHEMA IF NOT EXISTS {target.QuotedSchema};
            CREATE TABLE IF NOT EXISTS {_table} (
                effect_id text PRIMARY KEY, rows bigint NOT NULL, loaded_at timestamptz NOT NULL DEFAULT now());
            COMMENT ON TABLE {_table} IS
                'What workflows of Pipeline loaded into this schema: a task that is tried again finds its mark and loads nothing twice.';
            """,
            connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Command(string sql)
    {
        // Waiting for another try has no limit of its own: the task has one.
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.Add(new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = effectId });
        return command;
    }
}
