using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

public class PrivatePostgresTests
{
    private static Task<PrivatePostgres> StartAsync(TempDirectory directory) =>
        PrivatePostgres.StartAsync(
            new PrivatePostgresOptions { DataDirectory = directory.Path("data"), StopWithParent = true },
            NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);

    [Fact]
    public async Task Start_InAnEmptyFolder_GivesADatabaseThatKeepsItsData()
    {
        using var directory = new TempDirectory();
        await using (var server = await StartAsync(directory))
        {
            Assert.False(server.Adopted);
            await ExecuteAsync(server, "CREATE TABLE kept AS SELECT 42 AS n");
        }

        await using (var again = await StartAsync(directory))
        {
            Assert.False(again.Adopted);
            Assert.Equal(42, await ExecuteAsync(again, "SELECT n FROM kept"));
        }
    }

    private static async Task<object?> ExecuteAsync(PrivatePostgres server, string sql)
    {
        await using var dataSource = NpgsqlDataSource.Create(server.ConnectionString);
        await using var command = dataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
