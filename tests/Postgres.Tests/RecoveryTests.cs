using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Pipeline.Postgres.Server;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

public class RecoveryTests(ClusterTemplate template) : IClassFixture<ClusterTemplate>
{
    [Fact]
    public async Task Start_AfterTheHostWasKilled_TakesOverTheRunningServer()
    {
        using var directory = await template.PrepareAsync();
        await using var host = await HostProcess.StartAsync(directory.Data());
        await using var session = new NpgsqlConnection(directory.ConnectionString(host.Port));
        await session.OpenAsync();
        await host.KillAsync();

        await using (var server = await directory.StartAsync())
        {
            Assert.True(server.Adopted);
            Assert.Equal((host.Port, host.ServerProcessId), (server.Port, server.ProcessId));
            await using var command = new NpgsqlCommand("SELECT 1", session);
            Assert.Equal(1, await command.ExecuteScalarAsync());
        }

        Assert.Null(Postmaster.Read(directory.Cluster()));
    }

    [Fact]
    public async Task Start_WhenTheRunningServerHasOtherSettings_RestartsIt()
    {
        using var directory = await template.PrepareAsync();
        await using var host = await HostProcess.StartAsync(directory.Data());
        await host.KillAsync();

        await using var server = await Servers.StartAsync(new PrivatePostgresOptions
        {
            DataDirectory = directory.Data(),
            StopWithParent = true,
            Settings = new Dictionary<string, string> { ["work_mem"] = "9MB" },
        });

        Assert.False(server.Adopted);
        Assert.NotEqual(host.ServerProcessId, server.ProcessId);
        Assert.Equal("9MB", await server.QueryAsync("SHOW work_mem"));
    }

    [Fact]
    public async Task Start_WhileTheHostThatHasTheDirectoryRunsElsewhere_FailsUntilItIsKilled()
    {
        using var directory = await template.PrepareAsync();
        await using var host = await HostProcess.StartAsync(directory.Data());

        var error = await Assert.ThrowsAsync<TerminalException>(() => directory.StartAsync());
        await using var second = HostProcess.Launch(directory.Data());
        var said = await second.ReadLineAsync();
        await host.KillAsync();
        await using var server = await directory.StartAsync();

        Assert.Contains("is in use by another host (process ", error.Message, StringComparison.Ordinal);
        Assert.Contains("is in use by another host (process ", said, StringComparison.Ordinal);
        Assert.True(server.Adopted);
    }

    [Fact]
    public async Task Start_AfterHostAndServerWereKilled_RecoversWhatWasCommitted()
    {
        using var directory = await template.PrepareAsync();
        await using var host = await HostProcess.StartAsync(directory.Data());
        await using var session = new NpgsqlConnection(directory.ConnectionString(host.Port));
        await session.OpenAsync();
        await using var insert = new NpgsqlCommand("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n", session);
        await insert.ExecuteNonQueryAsync();
        await using var busy = new NpgsqlCommand("SELECT count(*) FROM generate_series(1, 1e9)", session);
        var running = busy.ExecuteScalarAsync();

        await host.KillAsync();
        Native.Signal(host.ServerProcessId, Native.Kill);
        await using var server = await directory.StartAsync();

        Assert.False(server.Adopted);
        Assert.Equal(1000L, await server.QueryAsync("SELECT count(*) FROM kept"));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => running);
    }

    [Fact]
    public async Task Server_KilledWhileTheHostLives_IsStartedAgainOnItsPort()
    {
        using var directory = await template.PrepareAsync();
        await using var server = await directory.StartAsync();
        await server.QueryAsync("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
        var (process, connectionString) = (server.ProcessId, server.ConnectionString);

        Native.Signal(process, Native.Kill);
        await Eventually.TrueAsync(async () => await server.TryQueryAsync("SELECT count(*) FROM kept") is 1000L, TimeSpan.FromSeconds(60));

        Assert.NotEqual(process, server.ProcessId);
        Assert.Equal(connectionString, server.ConnectionString);
    }

    [Fact]
    public async Task Server_KilledAndItsPortTaken_IsStartedAgainWhenThePortIsFree()
    {
        using var directory = await template.PrepareAsync();
        await using var server = await directory.StartAsync();
        Native.Signal(server.ProcessId, Native.Kill);
        using (var other = new TcpListener(IPAddress.Loopback, server.Port))
        {
            await Eventually.TrueAsync(() =>
            {
                try
                {
                    other.Start();
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            });
            await Eventually.TrueAsync(() => File.ReadAllText(server.LogFile).Contains("could not bind", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        }

        await Eventually.TrueAsync(async () => await server.TryQueryAsync("SELECT 1") is 1, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Stop_OfAServerThatIsBeingStartedAgain_LeavesNothingRunning()
    {
        using var directory = await template.PrepareAsync();
        await using var server = await directory.StartAsync();
        Native.Signal(server.ProcessId, Native.Kill);

        await server.StopAsync();

        await Eventually.TrueAsync(() => ServerProcesses.Of(directory.Cluster()).Count == 0, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Start_WithAFileThatNamesAnUnrelatedProcess_StartsAndLeavesThatProcessAlone()
    {
        using var directory = await template.PrepareAsync();
        int port;
        await using (var server = await directory.StartAsync())
            port = server.Port;

        // Of the same user as the server: of another user PostgreSQL would not take it for a server.
        var user = await ServerUser.ResolveAsync(null, directory.Cluster(), CancellationToken.None);
        using var stranger = ServerCommand.Start(user, "/bin/sleep", ["1000"], null, redirectInput: false);
        try
        {
            var file = Postmaster.FileOf(directory.Cluster());
            var processId = stranger.Id.ToString(CultureInfo.InvariantCulture);
            string[] lines =
                [processId, directory.Cluster(), "1700000000", port.ToString(CultureInfo.InvariantCulture), "", "127.0.0.1", "  1 1", "ready   "];
            await File.WriteAllLinesAsync(file, lines);
            user.Own(file);

            await using var server = await directory.StartAsync();

            Assert.False(server.Adopted);
            Assert.False(stranger.HasExited);
        }
        finally
        {
            stranger.Kill();
        }
    }

    [Fact]
    public async Task Start_WhileTheSystemHasNotDoneWithAKilledHost_WaitsForIt()
    {
        using var directory = await template.PrepareAsync();
        using var gone = Process.Start("true");
        await gone.WaitForExitAsync();
        var host = ServerLayout.HostDirectoryOf(directory.Data());
        Directory.CreateDirectory(host);
        Task<PrivatePostgres> starting;
        await using (new FileStream(Path.Combine(host, "host.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            await File.WriteAllTextAsync(Path.Combine(host, "host.pid"), gone.Id.ToString(CultureInfo.InvariantCulture));
            starting = directory.StartAsync();
            Assert.False(starting.IsCompleted);
        }

        await using var server = await starting;
        Assert.Equal(1, await server.QueryAsync("SELECT 1"));
    }

    [Fact]
    public async Task Start_WithATruncatedFileOfAServer_Starts()
    {
        using var directory = await template.PrepareAsync();
        var user = await ServerUser.ResolveAsync(null, directory.Cluster(), CancellationToken.None);
        var file = Postmaster.FileOf(directory.Cluster());
        await File.WriteAllTextAsync(file, "");
        user.Own(file);

        await using var server = await directory.StartAsync();
        Assert.Equal(1, await server.QueryAsync("SELECT 1"));
    }

    [Fact]
    public async Task Start_AfterAHostWasKilledWhileMakingTheCluster_StartsOver()
    {
        using var directory = new TempDirectory();
        await using var host = HostProcess.Launch(directory.Data());
        await Eventually.TrueAsync(() => Directory.EnumerateDirectories(directory.Path("data", "postgres"), "cluster.new-*").Any());
        await host.KillAsync();
        Assert.False(Directory.Exists(directory.Cluster()));

        await using (await directory.StartAsync())
        {
        }

        await using var server = await directory.StartAsync();
        Assert.Equal(1, await server.QueryAsync("SELECT 1"));
    }

    [Fact]
    public async Task Start_WithTheLeftoversOfAHalfMadeCluster_RemovesThem()
    {
        using var directory = new TempDirectory();
        var half = directory.Path("data", "postgres", "cluster.new-1", "cluster");
        Directory.CreateDirectory(half);
        await File.WriteAllTextAsync(Path.Combine(half, "PG_VERSION"), "18\n");
        Directory.CreateDirectory(directory.Cluster());

        await using (var server = await directory.StartAsync())
            Assert.Equal(1, await server.QueryAsync("SELECT 1"));
        Assert.False(Directory.Exists(half));

        Directory.CreateDirectory(half);
        await using (await directory.StartAsync())
            Assert.False(Directory.Exists(half));
    }

    [Fact]
    public async Task StopWithParent_WhenTheHostIsKilled_EndsTheServer()
    {
        using var directory = await template.PrepareAsync();
        await using var host = await HostProcess.StartAsync(directory.Data(), "--stop-with-parent");
        var running = Postmaster.Read(directory.Cluster())!;

        await host.KillAsync();

        await Eventually.TrueAsync(() => !running.IsRunningIn(directory.Cluster()));
    }

    [Fact]
    public async Task Host_WhoseInputEnds_StopsItsServer()
    {
        using var directory = new TempDirectory();
        await using var host = await HostProcess.StartAsync(directory.Data());

        await host.StopAsync();

        Assert.Null(Postmaster.Read(directory.Cluster()));
    }
}
