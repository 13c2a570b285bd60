using Npgsql;
using Pipeline.Postgres;

namespace Pipeline.Workflows.Infrastructure.Kinds.Postgres;

/// <summary>Opens the databases that tasks name.</summary>
internal sealed class Databases(IServiceProvider services)
{
    private const string ApplicationName = "pipeline workflows";

    /// <summary>Opens a connection.</summary>
    /// <param name="connectionString">Where to; null is the warehouse.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
    public async Task<NpgsqlConnection> OpenAsync(string? connectionString, CancellationToken cancellationToken)
    {
        try
        {
            if (connectionString is null)
            {
                var warehouse = services.GetService(typeof(NpgsqlDataSource)) as NpgsqlDataSource
                    ?? throw new TerminalException("This process has no warehouse; name a connection.");
                return await warehouse.OpenConnectionAsync(cancellationToken);
            }

            // Not kept: a task here and there asks for it, and a pool for each would stay.
            var builder = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
            builder.ApplicationName ??= ApplicationName;
            return await NewConnection.OpenAsync(builder.ConnectionString, cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, "Connect to PostgreSQL");
        }
        catch (ArgumentException e)
        {
            throw new TerminalException($"The connection string is not valid: {e.Message}", e);
        }
    }
}
