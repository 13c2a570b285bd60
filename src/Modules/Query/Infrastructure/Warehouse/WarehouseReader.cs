using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Postgres;

namespace Pipeline.Query.Infrastructure.Warehouse;

/// <summary>
/// Connects as a role that may read and nothing else: the one of <c>ConnectionStrings:warehouse-reader</c>, else <c>pipeline_reader</c>, which is made when it is
/// first needed. A role of its own and not SET ROLE: what a session may become again it can be talked into.
/// </summary>
internal sealed class WarehouseReader(
    NpgsqlDataSource owner, IConfiguration configuration, IOptions<QueryOptions> options, ILogger<WarehouseReader> logger) : IAsyncDisposable
{
    /// <summary>The role that is made.</summary>
    public const string Role = "pipeline_reader";

    private const int Attempts = 5;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _gate = new(1);
    private NpgsqlDataSource? _reader;

    /// <summary>Opens a connection of its own for one statement: nothing that a statement does to its session outlives it.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await (_reader ?? await PrepareAsync(cancellationToken)).OpenConnectionAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or ArgumentException)
        {
            throw PostgresErrors.Translate(e, "Connect to the warehouse");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_reader is not null)
            await _reader.DisposeAsync();
        _gate.Dispose();
    }

    private async Task<NpgsqlDataSource> PrepareAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_reader is not null)
                return _reader;
            if (configuration.GetConnectionString(QueryOptions.ReaderConnectionName) is { Length: > 0 } given)
                return _reader = Create(new NpgsqlConnectionStringBuilder(given));
            var settings = new NpgsqlConnectionStringBuilder(configuration.GetConnectionString(PostgresRegistration.ConnectionName));
            settings.Password = PasswordFrom(settings);
            settings.Username = Role;
            await GrantAsync(settings.Password, cancellationToken);
            Log.ReaderReady(logger, Role);
            return _reader = Create(settings);
        }
        finally
        {
            _gate.Release();
        }
    }

    // Every process of the pipeline comes to the same one, and nobody has to keep it.
    private static string PasswordFrom(NpgsqlConnectionStringBuilder settings) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(settings.Password ?? settings.ConnectionString), Encoding.UTF8.GetBytes(Role)));

    private NpgsqlDataSource Create(NpgsqlConnectionStringBuilder settings)
    {
        var limit = options.Value.ExportTimeLimit > options.Value.TimeLimit ? options.Value.ExportTimeLimit : options.Value.TimeLimit;
        var milliseconds = ((long)(limit + _patience).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        settings.Pooling = false;
        settings.ApplicationName = "pipeline query";
        settings.CommandTimeout = 0;
        settings.IncludeErrorDetail = false;
        settings.Options = string.Join(' ', new[]
        {
            "default_transaction_read_only=on", $"statement_timeout={milliseconds}", $"idle_in_transaction_session_timeout={milliseconds}", "lock_timeout=5000",
            "TimeZone=UTC", "DateStyle=ISO", "IntervalStyle=postgres", "standard_conforming_strings=on", "work_mem=8MB", "max_parallel_workers_per_gather=0",
        }.Select(o => $"-c {o}"));
        return NpgsqlDataSource.Create(settings);
    }

    private async Task GrantAsync(string password, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await owner.OpenConnectionAsync(cancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await ExecuteAsync(connection, "SELECT pg_advisory_xact_lock(hashtextextended('pipeline.query.reader', 0))", cancellationToken);
                await ExecuteAsync(connection, ReaderRoleSql.Role(Role, password), cancellationToken);
                await ExecuteAsync(connection, ReaderRoleSql.Grants(Role), cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                throw new TerminalException(
                    $"The role of ConnectionStrings:{PostgresRegistration.ConnectionName} may not make the role {Role}, as which statements read the warehouse ({e.MessageText}). "
                    + $"Set ConnectionStrings:{QueryOptions.ReaderConnectionName} to a role that may only read.", e);
            }
            catch (PostgresException e) when (attempt < Attempts && IsRace(e))
            {
                // A process with another database of the same server makes the role at this moment.
            }
        }
    }

    private static bool IsRace(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.InternalError or PostgresErrorCodes.DeadlockDetected;

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
