using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Postgres;
using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// A real PostgreSQL for tests: as a class or collection fixture, <c>[CollectionDefinition(...)] class X : ICollectionFixture&lt;PostgresFixture&gt;</c>.
/// All fixtures of a test process share one private server in a temporary folder; each test takes a database of its own from it.
/// The server ends with the last fixture, also when the test process is killed.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private static readonly SharedServer<PostgresServer> _shared = new(PostgresServer.StartAsync);

    private readonly List<NpgsqlDataSource> _dataSources = [];
    private PostgresServer? _server;

    /// <summary>The server.</summary>
    public PrivatePostgres Server => (_server ?? throw new InvalidOperationException("The fixture was not initialised.")).Postgres;

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Guid.NewGuid():N}";
        await using var connection = new NpgsqlConnection(Server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(Server.ConnectionString) { Database = name, IncludeErrorDetail = true, MaxPoolSize = 20 }.ConnectionString;
    }

    /// <summary>Makes an empty database and a data source for it, which the fixture disposes of.</summary>
    public async Task<NpgsqlDataSource> CreateDataSourceAsync()
    {
        var dataSource = NpgsqlDataSource.Create(await CreateDatabaseAsync());
        lock (_dataSources)
            _dataSources.Add(dataSource);
        return dataSource;
    }

    /// <inheritdoc />
    public async Task InitializeAsync()
    {
        _server = await _shared.AcquireAsync();
    }

    /// <inheritdoc />
    public async Task DisposeAsync()
    {
        foreach (var dataSource in _dataSources)
            await dataSource.DisposeAsync();
        if (_server is not null)
            await _shared.ReleaseAsync();
        _server = null;
    }

    private sealed class PostgresServer(TempDirectory directory, PrivatePostgres postgres) : IAsyncDisposable
    {
        public PrivatePostgres Postgres { get; } = postgres;

        public static async Task<PostgresServer> StartAsync()
        {
            var directory = new TempDirectory();
            try
            {
                var options = new PrivatePostgresOptions
                {
                    DataDirectory = directory.FullPath,
                    StopWithParent = true,

                    // A test survives no loss of power; all else is as in a real server.
                    Settings = new Dictionary<string, string> { ["fsync"] = "off", ["max_connections"] = "200" },
                };
                var server = await PrivatePostgres.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
                return new PostgresServer(directory, server);
            }
            catch
            {
                directory.Dispose();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            NpgsqlConnection.ClearAllPools();
            await Postgres.DisposeAsync();
            directory.Dispose();
        }
    }
}
