using Pipeline.Postgres.Server;
using Pipeline.Testing;

namespace Pipeline.Postgres.Tests;

/// <summary>A host that is root and folders that the server's user cannot enter.</summary>
public class UnprivilegedTests(ClusterTemplate template) : IClassFixture<ClusterTemplate>
{
    [SkippableFact]
    public async Task Start_AsRoot_RunsTheServerAsAnotherUser()
    {
        RequireRoot();
        using var directory = new TempDirectory();
        await using var server = await directory.StartAsync();

        Assert.NotEqual("0", await UserIdAsync(server));
    }

    [SkippableFact]
    public async Task Start_AsRootWithANamedUser_RunsTheServerAsThatUserFromThenOn()
    {
        RequireRoot();
        using var directory = new TempDirectory();
        var nobody = (await ServerUser.ResolveAsync("nobody", null, CancellationToken.None)).UserId.ToString(System.Globalization.CultureInfo.InvariantCulture);

        var options = new PrivatePostgresOptions { DataDirectory = directory.Data(), UserName = "nobody", StopWithParent = true };
        await using (var server = await Servers.StartAsync(options))
            Assert.Equal(nobody, await UserIdAsync(server));
        await using (var again = await directory.StartAsync())
            Assert.Equal(nobody, await UserIdAsync(again));
    }

    [SkippableFact]
    public async Task Start_AsRootWithAnUnknownUser_SaysSo()
    {
        RequireRoot();
        using var directory = new TempDirectory();

        var error = await Assert.ThrowsAsync<TerminalException>(
            () => Servers.StartAsync(new PrivatePostgresOptions { DataDirectory = directory.Data(), UserName = "no-such-user" }));

        Assert.Contains("The user no-such-user", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Start_WithEngineAndDataWhereTheUserCannotGo_WorksFromElsewhereAndStays()
    {
        RequireRoot();
        using var directory = new TempDirectory();
        Modes.CreateDirectory(directory.Path("closed"), Modes.Private);
        CopyEngine(directory.Path("closed", "native"));
        var options = new PrivatePostgresOptions
        {
            DataDirectory = directory.Path("closed", "data"),
            EngineDirectory = directory.Path("closed", "native"),
            SharedDirectory = directory.Path("shared"),
            StopWithParent = true,
        };

        string cluster;
        await using (var server = await Servers.StartAsync(options))
        {
            cluster = server.ClusterDirectory;
            Assert.StartsWith(directory.Path("shared"), cluster, StringComparison.Ordinal);
            Assert.Equal(Modes.Private, File.GetUnixFileMode(cluster));
            Assert.StartsWith(directory.Path("closed"), server.PasswordFile, StringComparison.Ordinal);
            await server.QueryAsync("CREATE TABLE kept AS SELECT 42 AS n");
        }

        await using (var again = await Servers.StartAsync(options))
        {
            Assert.Equal(cluster, again.ClusterDirectory);
            Assert.Equal(42, await again.QueryAsync("SELECT n FROM kept"));
        }

        Assert.Equal(Modes.Private, File.GetUnixFileMode(directory.Path("closed")));
        Assert.Single(Directory.EnumerateDirectories(directory.Path("shared"), "engine-*"));
    }

    [SkippableFact]
    public async Task Start_OfACopiedDataDirectory_IsRefusedAndOfAMovedOneGoesOn()
    {
        RequireRoot();
        using var directory = new TempDirectory();
        Modes.CreateDirectory(directory.Path("closed"), Modes.Private);
        PrivatePostgresOptions In(string name) =>
            new() { DataDirectory = directory.Path("closed", name), SharedDirectory = directory.Path("shared"), StopWithParent = true };
        await using (var server = await Servers.StartAsync(In("data")))
            await server.QueryAsync("CREATE TABLE kept AS SELECT 42 AS n");

        Directory.CreateDirectory(directory.Path("closed", "copy", "postgres"));
        foreach (var file in Directory.EnumerateFiles(directory.Path("closed", "data", "postgres")))
            File.Copy(file, file.Replace("/data/", "/copy/", StringComparison.Ordinal));
        var error = await Assert.ThrowsAsync<TerminalException>(() => Servers.StartAsync(In("copy")));
        Directory.Move(directory.Path("closed", "data"), directory.Path("closed", "moved"));
        await using var moved = await Servers.StartAsync(In("moved"));

        Assert.Contains("/closed/copy/postgres is a copy of ", error.Message, StringComparison.Ordinal);
        Assert.Equal(42, await moved.QueryAsync("SELECT n FROM kept"));
    }

    [Fact]
    public async Task Start_OfTwoAtOnceWithAFreshEngine_CompletesItOnce()
    {
        using var directory = new TempDirectory();
        using var first = await template.PrepareAsync();
        using var second = await template.PrepareAsync();
        if (Environment.IsPrivilegedProcess)
            Modes.CreateDirectory(directory.Path("closed"), Modes.Private);
        CopyEngine(directory.Path("closed", "native"));
        PrivatePostgresOptions In(TempDirectory data) => new()
        {
            DataDirectory = data.Data(),
            EngineDirectory = directory.Path("closed", "native"),
            SharedDirectory = directory.Path("shared"),
            StopWithParent = true,
        };

        var servers = await Task.WhenAll(Servers.StartAsync(In(first)), Servers.StartAsync(In(second)));

        foreach (var server in servers)
        {
            Assert.Equal(1, await server.QueryAsync("SELECT 1"));
            await server.StopAsync();
        }

        var copies = Directory.Exists(directory.Path("shared")) ? Directory.GetDirectories(directory.Path("shared")) : [];
        Assert.Equal(Environment.IsPrivilegedProcess ? 1 : 0, copies.Length);
    }

    [SkippableFact]
    public async Task Start_WithABrokenCopyOfTheEngine_MakesItAnew()
    {
        RequireRoot();
        using var directory = new TempDirectory();
        Modes.CreateDirectory(directory.Path("closed"), Modes.Private);
        CopyEngine(directory.Path("closed", "native"));
        var options = new PrivatePostgresOptions
        {
            DataDirectory = directory.Data(),
            EngineDirectory = directory.Path("closed", "native"),
            SharedDirectory = directory.Path("shared"),
            StopWithParent = true,
        };
        await using (await Servers.StartAsync(options))
        {
        }

        var copy = Assert.Single(Directory.EnumerateDirectories(directory.Path("shared"), "engine-*"));
        await File.WriteAllTextAsync(Path.Combine(copy, "bin", "postgres"), "");
        await using var server = await Servers.StartAsync(options);

        Assert.Equal(1, await server.QueryAsync("SELECT 1"));
        Assert.Equal([copy], Directory.EnumerateDirectories(directory.Path("shared")));
    }

    [SkippableFact]
    public async Task Start_WithAnEngineThatCannotBeWritten_WorksFromACopy()
    {
        Skip.If(Environment.IsPrivilegedProcess, "root can write everywhere");
        using var directory = new TempDirectory();
        CopyEngine(directory.Path("native"));
        var folders = new[] { directory.Path("native", "lib"), directory.Path("native", "bin") };
        foreach (var folder in folders)
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            await using var server = await Servers.StartAsync(
                new PrivatePostgresOptions { DataDirectory = directory.Data(), EngineDirectory = directory.Path("native"), StopWithParent = true });
            Assert.Equal(1, await server.QueryAsync("SELECT 1"));
        }
        finally
        {
            foreach (var folder in folders)
                File.SetUnixFileMode(folder, Modes.Private);
        }
    }

    private static void RequireRoot() => Skip.IfNot(Environment.IsPrivilegedProcess, "only root can start the server as another user");

    /// <summary>The distribution as npm leaves it: without links, and without the right to execute.</summary>
    private static void CopyEngine(string target)
    {
        var source = new DirectoryInfo(EngineLocator.PostgresDirectory());
        foreach (var file in source.EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.LinkTarget is null && f.Extension != ".a"))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source.FullName, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            file.CopyTo(copy);
            File.SetUnixFileMode(copy, Modes.Readable);
        }
    }

    private static async Task<string> UserIdAsync(PrivatePostgres server)
    {
        var status = await File.ReadAllLinesAsync($"/proc/{server.ProcessId}/status");
        return status.Single(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];
    }
}
