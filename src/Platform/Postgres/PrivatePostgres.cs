using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Pipeline.Postgres.Server;

namespace Pipeline.Postgres;

/// <summary>
/// A PostgreSQL server of the host's own: made at the first start, reached over loopback with a random password, durable, stopped with the host.
/// A server that a killed host left behind is taken over; what a crash left behind is recovered.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private readonly HostLock _hostLock;
    private readonly ServerLayout _layout;
    private readonly Postmaster _server;
    private readonly Watchdog? _watchdog;
    private readonly TimeSpan _stopTimeout;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private int _stopped;

    private PrivatePostgres(
        HostLock hostLock, ServerLayout layout, Postmaster server, bool adopted, string connectionString, PrivatePostgresOptions options, ILogger logger, TimeProvider time)
    {
        _hostLock = hostLock;
        _layout = layout;
        _server = server;
        _stopTimeout = options.StopTimeout;
        _logger = logger;
        _time = time;
        Adopted = adopted;
        ConnectionString = connectionString;
        DataDirectory = Path.GetFullPath(options.DataDirectory);
        _watchdog = options.StopWithParent ? new Watchdog(server.ProcessId) : null;
    }

    /// <summary>How to connect, password included: never to be logged.</summary>
    public string ConnectionString { get; }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port => _server.Port;

    /// <summary>The process of the server.</summary>
    public int ProcessId => _server.ProcessId;

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

        var hostDirectory = ServerLayout.HostDirectoryOf(Path.GetFullPath(options.DataDirectory));
        if (!Directory.Exists(hostDirectory))
        {
            Directory.CreateDirectory(hostDirectory);
            File.SetUnixFileMode(hostDirectory, Modes.Passage);
        }

        var hostLock = HostLock.Acquire(ServerLayout.LockOf(hostDirectory), options.DataDirectory);
        try
        {
            return await StartLockedAsync(options, hostDirectory, hostLock, loggerFactory.CreateLogger<PrivatePostgres>(), time, cancellationToken);
        }
        catch
        {
            hostLock.Dispose();
            throw;
        }
    }

    /// <summary>Stops the server: orderly, or at once after the stop timeout. Does nothing when it was stopped before.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
            return;
        _watchdog?.Dispose();
        await Stopper.StopAsync(_server, _layout.Cluster, _stopTimeout, _logger, _time);
        _hostLock.Dispose();
    }

    /// <summary>Same as <see cref="StopAsync"/>.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());

    private static async Task<PrivatePostgres> StartLockedAsync(
        PrivatePostgresOptions options, string hostDirectory, HostLock hostLock, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var existing = ServerLayout.Existing(hostDirectory);
        var owned = existing is not null && Directory.Exists(existing.Cluster) ? existing.Cluster : null;
        var user = await ServerUser.ResolveAsync(options.UserName, owned, cancellationToken);
        var layout = existing ?? await ServerLayout.ChooseAsync(hostDirectory, options.SharedDirectory, user, logger, cancellationToken);
        if (existing is not null)
            await layout.EnsureEnterableAsync(user, cancellationToken);

        var copies = user.Name is null ? hostDirectory : options.SharedDirectory;
        var engine = await ServerEngine.PrepareAsync(options.EngineDirectory ?? EngineLocator.PostgresDirectory(), copies, user, logger, cancellationToken);
        var password = Cluster.ReadOrCreatePassword(layout);
        if (await Cluster.EnsureAsync(layout, engine, user, password, cancellationToken))
            Log.ClusterCreated(logger, layout.Cluster);

        var adoption = new Adoption(options, layout, engine, logger, time);
        var server = await adoption.TryAsync(password, cancellationToken);
        var adopted = server is not null;
        server ??= await new Launcher(options, layout, engine, user, logger, time).StartAsync(cancellationToken);
        try
        {
            await ServerConnection.EnsureDatabaseAsync(server.Port, password, options.Database, cancellationToken);
        }
        catch when (!adopted)
        {
            await Stopper.StopAsync(server, layout.Cluster, options.StopTimeout, logger, time);
            throw;
        }

        Log.Started(logger, engine.Version, server.Port, server.ProcessId, layout.ServerDirectory, adopted, (long)time.GetElapsedTime(started).TotalMilliseconds);
        var connectionString = ServerConnection.String(server.Port, password, options.Database);
        return new PrivatePostgres(hostLock, layout, server, adopted, connectionString, options, logger, time);
    }
}
