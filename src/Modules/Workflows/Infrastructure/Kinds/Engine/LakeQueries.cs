using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.DuckDb;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>Runs SQL in a session like a task's, of a task that is in no workflow.</summary>
internal sealed class LakeQueries(SqlSessions sessions, TimeProvider time) : ILakeQueries
{
    private const string Name = "query";

    public async Task<JsonElement> QueryAsync(string sql, int limit, CancellationToken cancellationToken)
    {
        using var session = sessions.Open(Context());
        var query = await session.PrepareAsync(SqlText.Parse(Name, sql), cancellationToken);
        return await session.RunAsync(
            query,
            connection =>
            {
                using var result = connection.Query(
                    string.Create(CultureInfo.InvariantCulture, $"SELECT * FROM ({query.Select}) LIMIT {limit}"), cancellationToken);
                return OutputReader.Write(writer => DuckJson.WriteRows(result, writer));
            },
            cancellationToken);
    }

    private TaskContext Context()
    {
        var task = new TaskDefinition { Name = Name, Kind = Name, Settings = [] };
        return new TaskContext
        {
            RunId = 0,
            Try = 1,
            LogicalDate = time.GetUtcNow(),
            Workflow = new WorkflowDefinition { Name = Name, Version = "", Tasks = [task], Files = new Dictionary<string, string>() },
            Task = task,
            Settings = new JsonObject(),
            Parameters = new Dictionary<string, string>(),
            Inputs = new Dictionary<string, TaskOutput>(),
            Folder = Environment.CurrentDirectory,
            Log = new Silence(),
        };
    }

    private sealed class Silence : ITaskLog
    {
        public void Info(string message)
        {
        }

        public void Warning(string message)
        {
        }

        public void Progress(long rows, long bytes)
        {
        }
    }
}
