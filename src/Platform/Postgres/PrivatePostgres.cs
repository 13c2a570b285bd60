using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Postgres.Server;

namespace Pipeline.Postgres;

/// <summary>
/// A PostgreSQL server of the host's own: made at the first start, reached over loopback with a random password, durable, stopped with the host.
/// A server that a killed host left behind is taken over; what a crash left behind is recovered; one that ends while the host lives is started again.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private const int Rounds = 5;

    private readonly HostLock _hostLock;
    private readonly ServerLayout _layout;
    private readonly ServerKeeper _keeper;
    private readonly TimeSpan _stopTimeout;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private Task? _stopping;

    private PrivatePostgres(
        HostLock hostLock,
        ServerLayout layout,
        ServerKeeper keeper,
        bool adopted,
        string connectionString,
        PrivatePostgresOptions options,
        ILogger logger,
        TimeProvider time)
    {
        _hostLock = hostLock;
        _layout = layout;
        _keeper = keeper;
        _stopTimeout = options.StopTimeout;
        _logger = logger;
        _time = time;
        Adopted = adopted;
        ConnectionString = connectionString;
        DataDirectory = Path.GetFullPath(options.DataDirectory);
    }

    /// <summary>How to connect, password included: never to be logged.</summary>
    public string ConnectionString { get; }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port => _keeper.Server.Port;

    /// <summary>The process of the server; another one after it was started again.</summary>
    public int ProcessId => _keeper.Server.ProcessId;

    /// <summary>The host's data directory, as given, made absolute.</summary>
    public string DataDirectory { get; }

    /// <summary>PostgreSQL's own data directory.</summary>
    public string ClusterDirectory => _layout.Cluster;

    /// <summary>The server's log.</summary>
    public string LogFile => _layout.LogFile;

    /// <summary>The file that holds the password, mode 0600.</summary>
    public string PasswordFile => _layout.Password;

    /// <summary>Whether the server was already running, left by a host that was killed.</summary>
    public bool Adopted { get; }

    /// <summary>
    /// Starts the server unless the configuration names one in <c>ConnectionStrings:warehouse</c>, and puts its connection string there.
    /// </summary>
    /// <returns>The server; null when the configured one is used.</returns>
    public static async Task<PrivatePostgres?> StartUnlessConfiguredAsync(
        IConfiguration configuration, PrivatePostgresOptions options, ILoggerFactory loggerFactory, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (!string.IsNullOrWhiteSpace(configuration.GetConnectionString(PostgresRegistration.ConnectionName)))
            return null;
        var server = await StartAsync(options, loggerFactory, time, cancellationToken);
        configuration[$"ConnectionStrings:{PostgresRegistration.ConnectionName}"] = server.ConnectionString;
        return server;
    }

    /// <summary>Starts the server of a data directory, or takes over the one that runs there.</summary>
    /// <exception cref="TerminalException">
    /// Another host uses the directory, the engine is missing or of another major version, or the server does not start; the message says which and why.
    /// </exception>
    public static async Task<PrivatePostgres> StartAsync(
        PrivatePostgresOptions options, ILoggerFactory loggerFactory, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        ArgumentNullException.ThrowIfNull(time);
        if (OperatingSystem.IsWindows())
            throw new TerminalException("The private PostgreSQL runs on Linux and macOS: on Windows set ConnectionStrings__warehouse to a server.");

        var dataDirectory = Path.GetFullPath(options.DataDirectory);
        var logger = loggerFactory.CreateLogger<PrivatePostgres>();
        HostLock? hostLock = null;
        try
        {
            var hostDirectory = ServerLayout.HostDirectoryOf(dataDirectory);
            Modes.CreateDirectory(hostDirectory, Modes.Passage);
            hostLock = await HostLock.AcquireAsync(hostDirectory, dataDirectory, time, cancellationToken);
            return await StartLockedAsync(options, hostDirectory, hostLock, logger, time, cancellationToken);
        }
        catch (Exception e)
        {
            hostLock?.Dispose();
            if (e is IOException or UnauthorizedAccessException or NpgsqlException)
                throw new TerminalException($"Start PostgreSQL in {dataDirectory}: {e.Message}", e);
            throw;
        }
    }

    /// <summary>Stops the server: orderly, or at once after the stop timeout. May be called again and by several.</summary>
    public Task StopAsync()
    {
        lock (_gate)
            return _stopping ??= StopOnceAsync();
    }

    /// <summary>Same as <see cref="StopAsync"/>.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());

    private async Task StopOnceAsync()
    {
        try
        {
            await _keeper.DisposeAsync();
            await Stopper.StopAsync(_keeper.Server, _layout.Cluster, _stopTimeout, _logger, _time);
        }
        finally
        {
            _hostLock.Dispose();
        }
    }

    private static async Task<PrivatePostgres> StartLockedAsync(
        PrivatePostgresOptions options, string hostDirectory, HostLock hostLock, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var existing = ServerLayout.Existing(hostDirectory);
        var owned = existing is not null && File.Exists(Path.Combine(existing.Cluster, "PG_VERSION")) ? existing.Cluster : null;
        var user = await ServerUser.ResolveAsync(options.UserName, owned, cancellationToken);
        var layout = existing ?? await ServerLayout.ChooseAsync(hostDirectory, options.SharedDirectory, user, logger, cancellationToken);
        if (existing is not null)
            await layout.EnsureEnterableAsync(user, cancellationToken);

        var copies = user.Name is null ? hostDirectory : options.SharedDirectory;
        var engine = await ServerEngine.PrepareAsync(options.EngineDirectory ?? EngineLocator.PostgresDirectory(), copies, user, logger, cancellationToken);
        var cluster = new Cluster(layout, engine, user, logger);
        cluster.RemoveLeftovers();
        string? password;
        if (cluster.Exists)
        {
            cluster.Check();
            password = cluster.Password;
        }
        else
        {
            password = await cluster.CreateAsync(cancellationToken);
        }

        var adoption = new Adoption(options, layout, engine, logger, time);
        var launcher = new Launcher(options, layout, engine, user, logger, time);
        var server = await adoption.TryAsync(password, cancellationToken);
        var adopted = server is not null;
        password ??= await cluster.ResetPasswordAsync(cancellationToken);
        for (var round = 0; server is null; round++)
        {
            if (round == Rounds)
                throw new TerminalException($"Start PostgreSQL in {layout.Cluster}: other servers kept starting there.");
            server = await launcher.StartAsync(null, cancellationToken);
            if (server is null)
            {
                server = await adoption.TryAsync(password, cancellationToken);
                adopted = server is not null;
            }
        }

        try
        {
            await ServerConnection.EnsureDatabaseAsync(server.Port, password, options.Database, cancellationToken);
        }
        catch when (!adopted)
        {
            await Stopper.StopAsync(server, layout.Cluster, options.StopTimeout, logger, time);
            throw;
        }

        var milliseconds = (long)time.GetElapsedTime(started).TotalMilliseconds;
        Log.Started(logger, engine.Version, server.Port, server.ProcessId, layout.ServerDirectory, adopted, milliseconds);
        var connectionString = ServerConnection.String(server.Port, password, options.Database);
        var keeper = new ServerKeeper(server, launcher, adoption, layout, password, options.StopWithParent, logger, time);
        return new PrivatePostgres(hostLock, layout, keeper, adopted, connectionString, options, logger, time);
    }
}
