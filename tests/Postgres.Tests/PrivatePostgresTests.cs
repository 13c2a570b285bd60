using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Postgres.Server;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

public class PrivatePostgresTests(ClusterTemplate template) : IClassFixture<ClusterTemplate>
{
    [Fact]
    public async Task Start_InAnEmptyFolder_GivesADatabaseThatKeepsItsDataAndItsPort()
    {
        using var directory = new TempDirectory();
        int port;
        await using (var server = await directory.StartAsync())
        {
            Assert.False(server.Adopted);
            Assert.Equal("on", await server.QueryAsync("SHOW data_checksums"));
            Assert.Equal("on", await server.QueryAsync("SHOW fsync"));
            Assert.Equal("127.0.0.1", await server.QueryAsync("SHOW listen_addresses"));
            await server.QueryAsync("CREATE TABLE kept AS SELECT 42 AS n");
            port = server.Port;
        }

        await using (var again = await directory.StartAsync())
        {
            Assert.False(again.Adopted);
            Assert.Equal(42, await again.QueryAsync("SELECT n FROM kept"));
            Assert.Equal(port, again.Port);
        }
    }

    [Fact]
    public async Task Stop_OfARunningServer_EndsItsProcessAndMayBeRepeated()
    {
        using var directory = await template.PrepareAsync();
        var server = await directory.StartAsync();
        var running = Postmaster.Read(directory.Cluster())!;
        Assert.True(running.IsRunningIn(directory.Cluster()));

        await Task.WhenAll(server.StopAsync(), server.StopAsync());
        await server.DisposeAsync();

        Assert.False(running.IsRunningIn(directory.Cluster()));
        Assert.Null(Postmaster.Read(directory.Cluster()));
    }

    [Fact]
    public async Task Stop_WhenTheServerHangs_EndsItAtOnceAndLosesNothing()
    {
        using var directory = await template.PrepareAsync();
        var options = new PrivatePostgresOptions { DataDirectory = directory.Data(), StopTimeout = TimeSpan.Zero };
        await using (var server = await Servers.StartAsync(options))
            await server.QueryAsync("CREATE TABLE kept AS SELECT 42 AS n");

        await using var again = await directory.StartAsync();
        Assert.Equal(42, await again.QueryAsync("SELECT n FROM kept"));
    }

    [Fact]
    public async Task Password_OfANewServer_IsRandomPrivateAndNeverShown()
    {
        using var directory = new TempDirectory();
        await using var server = await directory.StartAsync();
        var password = new NpgsqlConnectionStringBuilder(server.ConnectionString).Password!;

        Assert.Equal(48, password.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(server.PasswordFile));
        Assert.DoesNotContain(password, await File.ReadAllTextAsync(server.LogFile), StringComparison.Ordinal);
        var files = Directory.EnumerateFiles(directory.FullPath, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != "host.lock" && File.ReadAllText(f).Contains(password, StringComparison.Ordinal));
        Assert.Equal([server.PasswordFile], files);
    }

    [Fact]
    public async Task Connect_WithAnotherPassword_IsRefused()
    {
        using var directory = await template.PrepareAsync();
        await using var server = await directory.StartAsync();
        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "guess", Pooling = false };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);

        var error = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());

        Assert.Equal(PostgresErrorCodes.InvalidPassword, error.SqlState);
    }

    [Fact]
    public async Task Start_WhenThePasswordFileIsLost_SetsANewPasswordAndKeepsTheData()
    {
        using var directory = await template.PrepareAsync();
        string old;
        await using (var server = await directory.StartAsync())
        {
            await server.QueryAsync("CREATE TABLE kept AS SELECT 42 AS n");
            old = server.ConnectionString;
            File.Delete(server.PasswordFile);
        }

        await using var again = await directory.StartAsync();

        Assert.Equal(42, await again.QueryAsync("SELECT n FROM kept"));
        Assert.NotEqual(new NpgsqlConnectionStringBuilder(old).Password, new NpgsqlConnectionStringBuilder(again.ConnectionString).Password);
    }

    [Fact]
    public async Task Start_WhenAnotherHostHasTheDirectory_FailsAndNamesItsProcess()
    {
        using var directory = await template.PrepareAsync();
        await using var server = await directory.StartAsync();

        var error = await Assert.ThrowsAsync<TerminalException>(() => directory.StartAsync());

        Assert.Equal(
            $"The data directory {directory.Data()} is in use by another host (process {Environment.ProcessId}): "
            + "stop that one or name another data directory.",
            error.Message);
        Assert.Equal(1, await server.QueryAsync("SELECT 1"));
    }

    [Fact]
    public async Task Start_WhenThePortIsTakenMeanwhile_UsesAnother()
    {
        using var directory = await template.PrepareAsync();
        using var thief = new TcpListener(IPAddress.Loopback, 0);
        thief.Start();
        var stolen = ((IPEndPoint)thief.LocalEndpoint).Port;
        var ports = new Queue<int>([stolen, stolen, FreePort()]);

        await using var server = await Servers.StartAsync(
            new PrivatePostgresOptions { DataDirectory = directory.Data(), StopWithParent = true, FindFreePort = ports.Dequeue });

        Assert.Empty(ports);
        Assert.NotEqual(stolen, server.Port);
    }

    [Fact]
    public async Task Start_WhenTheWantedPortIsTaken_FailsWithTheServersOwnWords()
    {
        using var directory = await template.PrepareAsync();
        using var thief = new TcpListener(IPAddress.Loopback, 0);
        thief.Start();
        var options = new PrivatePostgresOptions { DataDirectory = directory.Data(), Port = ((IPEndPoint)thief.LocalEndpoint).Port };

        var error = await Assert.ThrowsAsync<TerminalException>(() => Servers.StartAsync(options));

        Assert.Contains("Address already in use", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OfAClusterThatOthersMayRead_FailsWithTheServersOwnWords()
    {
        using var directory = await template.PrepareAsync();
        File.SetUnixFileMode(directory.Cluster(), Modes.Public);
        var error = await Assert.ThrowsAsync<TerminalException>(() => directory.StartAsync());

        Assert.Contains("has invalid permissions", error.Message, StringComparison.Ordinal);
        Assert.Contains("postgres.log", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OfAClusterOfAnotherMajorVersion_SaysSo()
    {
        using var directory = await template.PrepareAsync();
        await File.WriteAllTextAsync(Path.Combine(directory.Cluster(), "PG_VERSION"), "15\n");
        var error = await Assert.ThrowsAsync<TerminalException>(() => directory.StartAsync());

        Assert.Contains("was made by PostgreSQL 15, and the engine here is 18", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WhereAFolderOfSomethingElseIs_LeavesItAlone()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory.Cluster());
        var precious = Path.Combine(directory.Cluster(), "precious.txt");
        await File.WriteAllTextAsync(precious, "");

        var error = await Assert.ThrowsAsync<TerminalException>(() => directory.StartAsync());

        Assert.Contains("is not a PostgreSQL cluster", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(precious));
    }

    [Fact]
    public async Task Start_InAFolderWithAwkwardLetters_Works()
    {
        using var directory = new TempDirectory();
        await using var server = await Servers.StartAsync(
            new PrivatePostgresOptions { DataDirectory = directory.Path("it's a (data) folder; ü"), StopWithParent = true, Database = "My \"base\"" });

        Assert.Equal("My \"base\"", await server.QueryAsync("SELECT current_database()"));
    }

    [Fact]
    public async Task Start_InAFolderThatTheStartCommandCannotCarry_SaysSo()
    {
        using var directory = new TempDirectory();

        var error = await Assert.ThrowsAsync<TerminalException>(
            () => Servers.StartAsync(new PrivatePostgresOptions { DataDirectory = directory.Path("$(touch x)") }));

        Assert.StartsWith("PostgreSQL cannot be started in a folder whose path has one of", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithALargeLog_PutsItAside()
    {
        using var directory = await template.PrepareAsync();
        string log;
        await using (var server = await directory.StartAsync())
            log = server.LogFile;
        await using (var stream = new FileStream(log, FileMode.Open))
            stream.SetLength(9 << 20);

        await using var again = await directory.StartAsync();

        Assert.Equal(9 << 20, new FileInfo(log + ".1").Length);
        Assert.True(new FileInfo(log).Length < 100_000);
    }

    [Fact]
    public async Task Start_CancelledOnTheWay_LeavesNothingRunning()
    {
        using var directory = new TempDirectory();
        for (var delay = 0; delay < 900; delay += 150)
        {
            using var cancellation = new CancellationTokenSource(delay);
            try
            {
                await using var server = await PrivatePostgres.StartAsync(
                    directory.Options(), NullLoggerFactory.Instance, TimeProvider.System, cancellation.Token);
            }
            catch (OperationCanceledException)
            {
                await Eventually.TrueAsync(() => Postmaster.Read(directory.Cluster())?.IsRunningIn(directory.Cluster()) != true);
            }
        }

        await using var last = await directory.StartAsync();
        Assert.Equal(1, await last.QueryAsync("SELECT 1"));
    }

    [Fact]
    public async Task StartUnlessConfigured_WithAConnectionString_StartsNone()
    {
        using var directory = new TempDirectory();
        var configuration = new ConfigurationManager { ["ConnectionStrings:warehouse"] = "Host=db" };

        var server = await PrivatePostgres.StartUnlessConfiguredAsync(
            configuration, directory.Options(), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);

        Assert.Null(server);
        Assert.False(Directory.Exists(directory.Data()));
    }

    [Fact]
    public async Task StartUnlessConfigured_WithoutAConnectionString_StartsOneAndConfiguresIt()
    {
        using var directory = await template.PrepareAsync();
        var configuration = new ConfigurationManager();

        await using var server = await PrivatePostgres.StartUnlessConfiguredAsync(
            configuration, directory.Options(), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);

        Assert.Equal(server!.ConnectionString, configuration.GetConnectionString("warehouse"));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
