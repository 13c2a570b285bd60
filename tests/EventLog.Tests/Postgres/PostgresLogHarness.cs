using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.EventLog.Postgres;
using Pipeline.EventLog.Tests.Conformance;
using Pipeline.Postgres;
using Pipeline.Testing;

namespace Pipeline.EventLog.Tests.Postgres;

/// <summary>The log in a database of its own on the tests' server.</summary>
public sealed class PostgresLogHarness : LogHarness, IAsyncLifetime
{
    private readonly PostgresFixture _postgres = new();

    public string ConnectionString { get; private set; } = "";

    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        ConnectionString = await _postgres.CreateDatabaseAsync();
        await using var dataSource = NpgsqlDataSource.Create(ConnectionString);
        await Migrator.MigrateAsync(dataSource, "eventlog", typeof(IEventLog).Assembly, CancellationToken.None);
    }

    public Task DisposeAsync() => _postgres.DisposeAsync();

    public override IEventLog Open(LogLimits? limits = null)
    {
        var options = new PostgresLogOptions();
        options.MaxRecordBytes = limits?.MaxRecordBytes ?? options.MaxRecordBytes;
        options.MaxPendingBytes = limits?.MaxPendingBytes ?? options.MaxPendingBytes;
        return Create(ConnectionString, options);
    }

    public override async Task KillAsync(IEventLog log) => await ((PostgresEventLog)log).DisposeAsync();

    public override async Task CloseAsync(IEventLog log) => await ((PostgresEventLog)log).DisposeAsync();

    public override async Task RetainAsync(long chunkBytes)
    {
        await using var log = Create(ConnectionString, new PostgresLogOptions { ChunkBytes = chunkBytes });
        Assert.True(await log.Chunks.RunAsync(CancellationToken.None));
    }

    internal static PostgresEventLog Create(string connectionString, PostgresLogOptions? options = null) =>
        new(connectionString, Options.Create(options ?? new PostgresLogOptions()), TimeProvider.System, NullLogger<PostgresEventLog>.Instance);
}
