using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Postgres.Migrations;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

public class MigratorTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Create = "CREATE TABLE steps (n int); INSERT INTO steps VALUES (1);";
    private const string Second = "INSERT INTO steps VALUES (2);";

    [Fact]
    public async Task Migrate_AnEmptyDatabase_AppliesInOrderAndOnce()
    {
        var database = await postgres.CreateDataSourceAsync();

        await MigrateAsync(database, ("0002_second.sql", Second), ("0001_create.sql", Create));
        await MigrateAsync(database, ("0001_create.sql", Create), ("0002_second.sql", Second));

        Assert.Equal("1,2", await ScalarAsync(database, "SELECT string_agg(n::text, ',') FROM steps"));
        Assert.Equal("1:create,2:second", await ScalarAsync(database, "SELECT string_agg(number || ':' || name, ',' ORDER BY number) FROM pipeline.migrations"));
    }

    private static Task MigrateAsync(NpgsqlDataSource database, params (string FileName, string Sql)[] files) =>
        MigrateAsync(database, "module", files);

    private static async Task MigrateAsync(NpgsqlDataSource database, string module, params (string FileName, string Sql)[] files)
    {
        var migrator = new Migrator(database, [new MigrationSource(module, files)], NullLogger<Migrator>.Instance, TimeProvider.System);
        await migrator.MigrateAsync(CancellationToken.None);
    }

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
