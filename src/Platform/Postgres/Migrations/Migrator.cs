using System.Reflection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Postgres.Migrations;

namespace Pipeline.Postgres;

/// <summary>
/// Brings the database to what the program needs: applies the modules' numbered migrations, each once, each in a transaction of its own that also
/// records it in <c>pipeline.migrations</c>. Of several processes that start at once, one migrates and the others wait.
/// </summary>
public sealed class Migrator
{
    /// <summary>The advisory lock that one migrating process holds in a database.</summary>
    internal const long LockKey = 0x70697065_6c696e65;

    private const string Prepare =
        """
        CREATE SCHEMA IF NOT EXISTS pipeline;
        CREATE TABLE IF NOT EXISTS pipeline.migrations (
            module text NOT NULL,
            number int NOT NULL,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL,
            PRIMARY KEY (module, number));
        """;

    private readonly NpgsqlDataSource _dataSource;
    private readonly IReadOnlyList<MigrationSource> _sources;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    internal Migrator(NpgsqlDataSource dataSource, IEnumerable<MigrationSource> sources, ILogger<Migrator> logger, TimeProvider time)
    {
        _dataSource = dataSource;
        _sources = [.. sources];
        _logger = logger;
        _time = time;
        if (_sources.GroupBy(s => s.Module).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new TerminalException($"The migrations of module {twice.Key} are registered {twice.Count()} times.");
    }

    /// <summary>Applies the migrations of one module's assembly, without a host.</summary>
    public static Task MigrateAsync(NpgsqlDataSource dataSource, string module, Assembly assembly, CancellationToken cancellationToken) =>
        new Migrator(dataSource, [new MigrationSource(module, assembly)], NullLogger<Migrator>.Instance, TimeProvider.System).MigrateAsync(cancellationToken);

    /// <summary>Applies what is missing of all registered modules; does nothing when nothing is.</summary>
    /// <exception cref="TerminalException">
    /// A migration fails, an applied one was changed since, or the database has one that this program does not know.
    /// </exception>
    /// <exception cref="TransientException">The database cannot be reached or used at the moment.</exception>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
            await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey})", cancellationToken);
            try
            {
                await PrepareAsync(connection, cancellationToken);
                foreach (var source in _sources)
                    await MigrateAsync(connection, source, cancellationToken);
            }
            finally
            {
                // A lost connection has given the lock back already.
                if (connection.State == System.Data.ConnectionState.Open)
                    await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey})", CancellationToken.None);
            }
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, "Migrate the database");
        }
    }

    private async Task MigrateAsync(NpgsqlConnection connection, MigrationSource source, CancellationToken cancellationToken)
    {
        var applied = await ReadAppliedAsync(connection, source, cancellationToken);
        foreach (var migration in source.Migrations.Skip(applied))
        {
            var started = _time.GetTimestamp();
            try
            {
                await ApplyAsync(connection, source.Module, migration, cancellationToken);
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.Translate(e, $"Apply the migration {source.Module}/{migration.Number:D4}_{migration.Name}");
            }

            Log.Migrated(_logger, source.Module, migration.Number, migration.Name, (long)_time.GetElapsedTime(started).TotalMilliseconds);
        }
    }

    /// <summary>Looks first, so that a role that may not create schemas can run where somebody else created this one.</summary>
    private static async Task PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass('pipeline.migrations') IS NOT NULL", connection);
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
            await ExecuteAsync(connection, Prepare, cancellationToken);
    }

    private async Task ApplyAsync(NpgsqlConnection connection, string module, Migration migration, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, migration.Sql, cancellationToken);
        await using var record = new NpgsqlCommand(
            "INSERT INTO pipeline.migrations (module, number, name, checksum, applied_at) VALUES ($1, $2, $3, $4, $5)", connection, transaction);
        record.Parameters.AddWithValue(module);
        record.Parameters.AddWithValue(migration.Number);
        record.Parameters.AddWithValue(migration.Name);
        record.Parameters.AddWithValue(migration.Checksum);
        record.Parameters.AddWithValue(_time.GetUtcNow());
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<int> ReadAppliedAsync(NpgsqlConnection connection, MigrationSource source, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT number, name, checksum FROM pipeline.migrations WHERE module = $1 ORDER BY number", connection);
        command.Parameters.AddWithValue(source.Module);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var applied = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            var (number, name, checksum) = (reader.GetInt32(0), reader.GetString(1), reader.GetString(2));
            var label = $"{source.Module}/{number:D4}_{name}";
            if (number > source.Migrations.Count)
            {
                throw new TerminalException(
                    $"The database is newer than this program: it has the migration {label}, which the program does not know. Start the newer version.");
            }

            if (number != applied + 1)
                throw new TerminalException($"The database has the migration {label}, but not number {applied + 1:D4} of module {source.Module}.");
            var migration = source.Migrations[applied];
            if (checksum != migration.Checksum)
            {
                throw new TerminalException(
                    $"The migration {label} was changed after it had been applied (now {migration.Number:D4}_{migration.Name}): restore it and add another.");
            }

            applied = number;
        }

        return applied;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
