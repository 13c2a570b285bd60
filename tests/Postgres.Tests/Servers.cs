using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Postgres.Server;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

/// <summary>Short forms for tests of the private server.</summary>
internal static class Servers
{
    private static readonly Lazy<Task<TempDirectory>> s_template = new(MakeTemplateAsync);

    /// <summary>A folder with a cluster that was started and stopped before: a copy, which is quicker than making one.</summary>
    public static async Task<TempDirectory> PrepareAsync()
    {
        var template = await s_template.Value;
        var directory = new TempDirectory();
        var copied = await ServerCommand.RunAsync(ServerUser.Host, "cp", ["-a", template.Data(), directory.Data()], null, CancellationToken.None);
        return copied.ExitCode == 0 ? directory : throw new InvalidOperationException(copied.Summary);
    }

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

    private static async Task<TempDirectory> MakeTemplateAsync()
    {
        var directory = new TempDirectory();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => directory.Dispose();
        await using (var server = await directory.StartAsync())
        {
        }

        // Copies start on ports of their own.
        File.Delete(directory.Path("data", "postgres", "postgresql.conf"));
        return directory;
    }
}
