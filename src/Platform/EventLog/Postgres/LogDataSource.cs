using Npgsql;

namespace Pipeline.EventLog.Postgres;

/// <summary>The log's own pool of connections.</summary>
internal static class LogDataSource
{
    private const int BufferBytes = 64 << 10;

    public static NpgsqlDataSource Create(string connectionString, PostgresLogOptions options)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException e)
        {
            throw new TerminalException($"The connection string of the log is not valid: {e.Message}", e);
        }

        settings.ApplicationName = "pipeline-log";
        settings.MaxPoolSize = options.MaxConnections;
        settings.MinPoolSize = 0;
        settings.Enlist = false;

        // No statement of the log leaves state in its session, so there is nothing to reset; a page is read and written in one call of the system.
        settings.NoResetOnClose = true;
        settings.MaxAutoPrepare = 64;
        settings.AutoPrepareMinUsages = 2;
        settings.ReadBufferSize = BufferBytes;
        settings.WriteBufferSize = BufferBytes;

        // Chunks have no statistics, as nothing analyses them. Without these, PostgreSQL takes a chunk for small and reads all that is left of it
        // where the first few entries of the index were wanted.
        settings.Options = $"{settings.Options} -c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off -c jit=off".TrimStart();
        settings.Timeout = Math.Min(settings.Timeout, 5);
        return NpgsqlDataSource.Create(settings);
    }
}
