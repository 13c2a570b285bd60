using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

/// <summary>Short forms for tests of the private server.</summary>
internal static class Servers
{
    public static string Data(this TempDirectory directory) => directory.Path("data");

    public static string Cluster(this TempDirectory directory) => directory.Path("data", "postgres", "cluster");

    public static PrivatePostgresOptions Options(this TempDirectory directory) => new() { DataDirectory = directory.Data(), StopWithParent = true };

    public static Task<PrivatePostgres> StartAsync(this TempDirectory directory) => StartAsync(directory.Options());

    public static Task<PrivatePostgres> StartAsync(PrivatePostgresOptions options) =>
        PrivatePostgres.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);

    public static async Task<object?> QueryAsync(this PrivatePostgres server, string sql)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString;
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>As <see cref="QueryAsync"/>; null while the server does not answer.</summary>
    public static async Task<object?> TryQueryAsync(this PrivatePostgres server, string sql)
    {
        try
        {
            return await server.QueryAsync(sql);
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    /// <summary>The connection string of a server that another process started.</summary>
    public static string ConnectionString(this TempDirectory directory, int port) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = "pipeline",
        Password = File.ReadAllText(directory.Path("data", "postgres", "password")).Trim(),
        Database = "pipeline",
        Pooling = false,
    }.ConnectionString;
}
