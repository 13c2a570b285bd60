using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Lake;
using Pipeline.Testing;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;

namespace Pipeline.Workflows.Tests.Engine;

public sealed class RunPurgerTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Purge_RunsBeyondRetention_GoWithLogsTriesAndStagedFiles()
    {
        await using var host = await EngineHost.CreateAsync(await postgres.CreateDatabaseAsync(), options: o => o.RunRetention = TimeSpan.FromDays(1));
        var definition = host.Catalog.Set(Graphs.Workflow("old", Graphs.Task("stages", new JsonObject { ["to"] = "bronze/${run:workflow}" }), Graphs.Task("fails")));
        host.Kind.Work = async (context, token) =>
        {
            context.Log.Info("works");
            var folder = context.Task.Name == "stages" ? "bronze/old" : "workflows/old/fails";
            var path = $"{folder}/run={context.RunId}/{context.Task.Name}/try={context.Try}/1.parquet";
            await host.Lake.PutAsync(ObjectPath.Parse(path), new byte[1], token);
            return context.Task.Name == "fails" ? throw new TerminalException("no") : new TaskResult { Output = new TaskOutput(OutputKind.Files, [path, "gold/kept.parquet"]) };
        };
        await host.Lake.PutAsync(ObjectPath.Parse("gold/kept.parquet"), new byte[1]);
        var runs = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            runs.Add(await host.StartRunAsync(definition));
            await host.EndOfAsync(runs[^1]);
        }

        await using (var age = host.Database.CreateCommand($"UPDATE workflows.runs SET ended_at = ended_at - interval '2 days' WHERE id <> {runs[1]}"))
            await age.ExecuteNonQueryAsync();

        var purged = await host.Services.GetRequiredService<RunPurger>().PurgeAsync(default);

        Assert.Equal(2, purged);
        Assert.Equal(
            [$"bronze/old/run={runs[1]}/stages/try=1/1.parquet", "gold/kept.parquet", $"workflows/old/fails/run={runs[1]}/fails/try=1/1.parquet"],
            await FilesAsync(host));
        Assert.Equal([runs[1]], [await host.ScalarAsync<long>("SELECT id FROM workflows.runs")]);
        foreach (var table in (string[])["tasks", "tries", "logs"])
            Assert.Equal(2, await host.ScalarAsync<long>($"SELECT count(*) FROM workflows.{table}"));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM workflows.versions"));
    }

    [Fact]
    public async Task Purge_OldDefinitionsWithoutRuns_AreForgottenButTheCurrentOne()
    {
        await using var host = await EngineHost.CreateAsync(await postgres.CreateDatabaseAsync(), start: false, options: o => o.RunRetention = TimeSpan.FromDays(1));
        var definition = host.Catalog.Set(Graphs.Workflow("versions", Graphs.Task("a")));
        await host.Store.KeepAsync(definition, default);
        await host.Store.KeepAsync(definition.Again(), default);
        await using (var age = host.Database.CreateCommand("UPDATE workflows.versions SET created_at = created_at - interval '2 days'"))
            await age.ExecuteNonQueryAsync();

        await host.Services.GetRequiredService<RunPurger>().PurgeAsync(default);

        Assert.Equal([definition.Version], await host.TextsAsync("SELECT version FROM workflows.versions"));
    }

    private static async Task<List<string>> FilesAsync(EngineHost host)
    {
        var files = new List<string>();
        await foreach (var file in host.Lake.ListAsync(ObjectPath.Root))
            files.Add(file.Path.Value);
        return files;
    }
}
