using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>Reads what the statements of <see cref="RunCommands"/> answer.</summary>
internal static class RunRows
{
    private static readonly Dictionary<string, TaskOutput> _noOutputs = [];

    public static Dictionary<string, string> Texts(string json) => JsonSerializer.Deserialize(json, EngineJsonContext.Default.DictionaryStringString)!;

    /// <summary>A time that may be missing.</summary>
    public static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    /// <summary>A text that may be missing.</summary>
    public static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static async Task<List<ClaimedTask>> ClaimedAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var claimed = new List<ClaimedTask>();
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(new ClaimedTask
            {
                Key = new TryKey(reader.GetInt64(0), reader.GetInt32(1), reader.GetInt32(3)),
                Name = reader.GetString(2),
                Failures = reader.GetInt32(4),
                Workflow = reader.GetString(5),
                Version = reader.GetString(6),
                LogicalDate = reader.GetFieldValue<DateTimeOffset>(7),
                Parameters = Texts(reader.GetString(8)),
                TraceParent = Text(reader, 9),
                Cursor = reader.IsDBNull(10) ? null : JsonNode.Parse(reader.GetString(10)),
                Outputs = reader.IsDBNull(11) ? _noOutputs
                    : JsonSerializer.Deserialize(reader.GetString(11), EngineJsonContext.Default.DictionaryStringTaskOutput)!,
            });
        }

        return claimed;
    }

    /// <summary>Whether a try's end was recorded, how many tasks it made ready, and the run where it ended.</summary>
    public static (bool Accepted, int Ready, EndedRun? Ended) Finished(NpgsqlDataReader reader, long run) =>
        (reader.GetBoolean(0), reader.GetInt32(1), Ended(reader, run, 3));

    /// <summary>A run that ended, from its state, start, workflow and trace; null where the state is.</summary>
    public static EndedRun? Ended(NpgsqlDataReader reader, long run, int column) => reader.IsDBNull(column)
        ? null
        : new EndedRun(run, reader.GetString(column + 2), Names<RunState>.Parse(reader.GetString(column)), Time(reader, column + 1), Text(reader, column + 3));
}
