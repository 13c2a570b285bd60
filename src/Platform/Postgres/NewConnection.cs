using Npgsql;

namespace Pipeline.Postgres;

/// <summary>Connections that are asked for by their connection string.</summary>
public static class NewConnection
{
    /// <summary>Opens a connection; one that cannot be opened is disposed of.</summary>
    /// <exception cref="NpgsqlException">It cannot be opened.</exception>
    public static async Task<NpgsqlConnection> OpenAsync(string connectionString, CancellationToken cancellationToken = default)
    {
        var connection = new NpgsqlConnection(connectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
