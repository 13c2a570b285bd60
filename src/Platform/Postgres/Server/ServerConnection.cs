using Npgsql;

namespace Pipeline.Postgres.Server;

/// <summary>The host's own connections to its server.</summary>
internal static class ServerConnection
{
    public static string String(int port, string password, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = Cluster.Role,
        Password = password,
        Database = database,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
        ApplicationName = PostgresRegistration.ApplicationName,
    }.ConnectionString;

    /// <summary>Opens a connection outside of any pool.</summary>
    public static async Task<NpgsqlConnection> OpenAsync(int port, string password, string database, CancellationToken cancellationToken)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(String(port, password, database)) { Pooling = false };
        return await NewConnection.OpenAsync(unpooled.ConnectionString, cancellationToken);
    }

    /// <summary>Makes the database when it does not exist, and proves that it accepts connections.</summary>
    public static async Task EnsureDatabaseAsync(int port, string password, string database, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(port, password, "postgres", cancellationToken);
        await using var exists = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", connection);
        exists.Parameters.AddWithValue(database);
        if (await exists.ExecuteScalarAsync(cancellationToken) is true)
            return;
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{database.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }
}
