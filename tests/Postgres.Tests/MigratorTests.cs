using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Postgres.Migrations;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

public class MigratorTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly (string, string) _create = ("0001_create.sql", "CREATE TABLE steps (n int); INSERT INTO steps VALUES (1);");
    private static readonly (string, string) _second = ("0002_second.sql", "INSERT INTO steps VALUES (2);");
    private static readonly (string, string) _third = ("0003_third.sql", "INSERT INTO steps VALUES (3);");

    [Fact]
    public async Task Migrate_AnEmptyDatabase_AppliesInOrderAndOnce()
    {
        var database = await postgres.CreateDataSourceAsync();

        await MigrateAsync(database, _second, _create);
        await MigrateAsync(database, _create, _second);
        await MigrateAsync(database, _third, _create, _second);

        Assert.Equal("1,2,3", await ScalarAsync(database, "SELECT string_agg(n::text, ',') FROM steps"));
        Assert.Equal(
            "1:create,2:second,3:third",
            await ScalarAsync(database, "SELECT string_agg(number || ':' || name, ',' ORDER BY number) FROM pipeline.migrations"));
    }

    [Fact]
    public async Task Migrate_SeveralModules_KeepsTheOrderOfTheirRegistration()
    {
        var database = await postgres.CreateDataSourceAsync();
        var first = new MigrationSource("z", [_create]);
        var second = new MigrationSource("a", [("0001_needs_z.sql", "INSERT INTO steps VALUES (10)")]);

        await new Migrator(database, [first, second], NullLogger<Migrator>.Instance, TimeProvider.System).MigrateAsync(CancellationToken.None);

        Assert.Equal(2L, await ScalarAsync(database, "SELECT count(*) FROM steps"));
    }

    [Fact]
    public async Task Migrate_ByEightAtOnce_AppliesEachOnce()
    {
        var database = await postgres.CreateDataSourceAsync();
        (string, string)[] files = [_create, ("0002_slow.sql", "SELECT pg_sleep(0.3); INSERT INTO steps VALUES (2);"), _third];

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MigrateAsync(database, files)));

        Assert.Equal("1,2,3", await ScalarAsync(database, "SELECT string_agg(n::text, ',' ORDER BY n) FROM steps"));
    }

    [Fact]
    public async Task Migrate_WhenAnAppliedMigrationWasChanged_Fails()
    {
        var database = await postgres.CreateDataSourceAsync();
        await MigrateAsync(database, _create);

        var error = await Assert.ThrowsAsync<TerminalException>(() => MigrateAsync(database, ("0001_create.sql", "CREATE TABLE steps (n bigint)")));

        Assert.Contains("The migration module/0001_create was changed after it had been applied", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_WhenOnlyLineEndsDiffer_GoesOn()
    {
        var database = await postgres.CreateDataSourceAsync();
        await MigrateAsync(database, ("0001_create.sql", "CREATE TABLE steps (\nn int);\n"));

        await MigrateAsync(database, ("0001_create.sql", "CREATE TABLE steps (\r\nn int);\r\n"));
    }

    [Fact]
    public async Task Migrate_WhenTheDatabaseIsNewer_Fails()
    {
        var database = await postgres.CreateDataSourceAsync();
        await MigrateAsync(database, _create, _second);

        var error = await Assert.ThrowsAsync<TerminalException>(() => MigrateAsync(database, _create));

        Assert.StartsWith("The database is newer than this program: it has the migration module/0002_second", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_WhenTheDatabaseLacksANumber_Fails()
    {
        var database = await postgres.CreateDataSourceAsync();
        await MigrateAsync(database, _create, _second);
        await ScalarAsync(database, "DELETE FROM pipeline.migrations WHERE number = 1");

        var error = await Assert.ThrowsAsync<TerminalException>(() => MigrateAsync(database, _create, _second));

        Assert.Contains("has the migration module/0002_second, but not number 0001", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_WhenAMigrationFails_RollsItBackAndTriesItAgainNextTime()
    {
        var database = await postgres.CreateDataSourceAsync();

        var error = await Assert.ThrowsAsync<TerminalException>(
            () => MigrateAsync(database, _create, ("0002_bad.sql", "INSERT INTO steps VALUES (2); INSERT INTO no_such_table VALUES (1);")));
        Assert.Equal(1L, await ScalarAsync(database, "SELECT count(*) FROM steps"));
        await MigrateAsync(database, _create, _second);

        Assert.Equal("Apply the migration module/0002_bad: relation \"no_such_table\" does not exist (42P01)", error.Message);
        Assert.Equal(2L, await ScalarAsync(database, "SELECT count(*) FROM steps"));
    }

    [Fact]
    public async Task Migrate_WhileAnotherMigrates_CanBeCancelled()
    {
        var database = await postgres.CreateDataSourceAsync();
        await using var other = await database.OpenConnectionAsync();
        await using var hold = new NpgsqlCommand($"SELECT pg_advisory_lock({Migrator.LockKey})", other);
        await hold.ExecuteNonQueryAsync();
        using var cancellation = new CancellationTokenSource();
        var migrator = new Migrator(database, [new MigrationSource("module", [_create])], NullLogger<Migrator>.Instance, TimeProvider.System);

        var waiting = migrator.MigrateAsync(cancellation.Token);
        await Eventually.TrueAsync(async () => await ScalarAsync(database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") is 1L);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Migrate_WithoutAServer_IsTransient()
    {
        await using var database = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=x;Timeout=2");

        await Assert.ThrowsAsync<TransientException>(() => MigrateAsync(database, _create));
    }

    [Theory]
    [InlineData("0001_a.sql,0003_c.sql", "Module module has no migration 0002, but 0003_c.")]
    [InlineData("0001_a.sql,0001_b.sql", "Module module has two migrations 0001: ")]
    [InlineData("0002_b.sql", "Module module has no migration 0001, but 0002_b.")]
    [InlineData("create.sql", "Module module: the migration create.sql is not named like 0001_create_table.sql.")]
    [InlineData("0001_Create.SQL", "Module module: the migration 0001_Create.SQL is not named like")]
    [InlineData("", "Module module has no migrations")]
    public void Source_WithFilesThatDoNotFit_IsRefused(string files, string message)
    {
        var error = Assert.Throws<TerminalException>(
            () => new MigrationSource("module", files.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(f => (f, "SELECT 1"))));

        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_WithMigrations_HasThemAppliedBeforeItsServicesStart()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["ConnectionStrings:warehouse"] = await postgres.CreateDatabaseAsync();
        builder.Services.AddLogging();
        builder.Services.AddHostedService<Reader>();
        builder.Services.AddPostgres(builder.Configuration);
        builder.Services.AddMigrations("sample", typeof(MigratorTests).Assembly);
        using var host = builder.Build();

        await host.StartAsync();

        Assert.Equal("from the migration", Assert.Single(host.Services.GetServices<IHostedService>().OfType<Reader>()).Seen);
        await host.StopAsync();
    }

    [Fact]
    public async Task Host_WithOneModuleTwice_IsRefused()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddPostgres(new ConfigurationManager { ["ConnectionStrings:warehouse"] = await postgres.CreateDatabaseAsync() });
        services.AddMigrations("sample", typeof(MigratorTests).Assembly).AddMigrations("sample", typeof(MigratorTests).Assembly);
        await using var provider = services.BuildServiceProvider();

        Assert.Throws<TerminalException>(provider.GetRequiredService<Migrator>);
    }

    private static async Task MigrateAsync(NpgsqlDataSource database, params (string FileName, string Sql)[] files)
    {
        var migrator = new Migrator(database, [new MigrationSource("module", files)], NullLogger<Migrator>.Instance, TimeProvider.System);
        await migrator.MigrateAsync(CancellationToken.None);
    }

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private sealed class Reader(NpgsqlDataSource database) : IHostedService
    {
        public object? Seen { get; private set; }

        public async Task StartAsync(CancellationToken cancellationToken) => Seen = await ScalarAsync(database, "SELECT text FROM sample");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
