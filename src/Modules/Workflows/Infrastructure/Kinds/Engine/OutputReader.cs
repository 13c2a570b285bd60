using System.Globalization;
using System.Text.Json;
using Npgsql;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Postgres;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>Reads outputs with the engine of the tasks, where they are files or tables of the lake, and with PostgreSQL.</summary>
internal sealed class OutputReader(SqlEngine engine, LakeCatalog lake, NpgsqlDataSource warehouse) : IOutputReader
{
    public async Task<JsonElement> ReadAsync(TaskOutput output, int limit, CancellationToken cancellationToken) => output.Kind switch
    {
        OutputKind.Files => await QueryAsync(
            ParquetOutput.Select(await LocalAsync(output.Paths, cancellationToken)), limit, cancellationToken),
        OutputKind.Table => await QueryAsync(await RelationAsync(output, cancellationToken), limit, cancellationToken),
        OutputKind.Objects =>
            await QueryAsync(ObjectRelation(output.Paths[0], (await LocalAsync(output.Paths, cancellationToken))[0]), limit, cancellationToken),
        OutputKind.Postgres => await TableAsync(output.Paths[0], limit, cancellationToken),
        _ => Files(output.Paths[0], limit),
    };

    private static JsonElement Files(string folder, int limit)
    {
        if (!Directory.Exists(folder))
            throw new TerminalException($"The folder {folder} is not there any more.");
        return Write(writer =>
        {
            writer.WriteStartArray();
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles().OrderBy(f => f.Name, StringComparer.Ordinal).Take(limit))
            {
                writer.WriteStartObject();
                writer.WriteString("file", file.FullName);
                writer.WriteNumber("bytes", file.Length);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    internal static JsonElement Write(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
            write(writer);
        using var document = JsonDocument.Parse(bytes.ToArray());
        return document.RootElement.Clone();
    }

    /// <summary>Objects that people take away, in the formats that <see cref="Transform.FileTarget"/> writes: for a look their types are guessed.</summary>
    private static string ObjectRelation(string path, string local) => Path.GetExtension(path) is ".json"
        ? $"SELECT * FROM read_json_auto({Sql.Literal(local)}, hive_partitioning = false)"
        : $"SELECT * FROM read_csv({Sql.Literal(local)}, all_varchar = true, hive_partitioning = false)";

    private async Task<List<string>> LocalAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var files = new List<string>(paths.Count);
        foreach (var path in paths)
        {
            var local = await lake.Store.GetLocalPathAsync(ObjectPath.Parse(path), cancellationToken);
            files.Add(File.Exists(local) ? local : throw new TerminalException($"{path} is not in the lake any more."));
        }

        return files;
    }

    private async Task<string> RelationAsync(TaskOutput output, CancellationToken cancellationToken)
    {
        var table = lake.Table(output.Paths[0]);
        var snapshot = output.Version is { } version ? await table.SnapshotAsync(version, cancellationToken) : await table.SnapshotAsync(cancellationToken);
        return await snapshot.ToSqlAsync(null, cancellationToken);
    }

    private async Task<JsonElement> QueryAsync(string select, int limit, CancellationToken cancellationToken)
    {
        using var lease = engine.Connect();
        try
        {
            return await Task.Run(
                () =>
                {
                    using var result = lease.Connection.Query(
                        string.Create(CultureInfo.InvariantCulture, $"SELECT * FROM ({select}) LIMIT {limit}"), cancellationToken);
                    return Write(writer => DuckJson.WriteRows(result, writer));
                },
                cancellationToken);
        }
        catch (Exception e) when (DuckError.Of(e) is not null)
        {
            lease.Report(e);
            throw SqlErrors.Translate(e, "Reading what the task left", new Dictionary<string, string>(), isScript: false, engine.MemoryBytes);
        }
    }

    private async Task<JsonElement> TableAsync(string table, int limit, CancellationToken cancellationToken)
    {
        try
        {
            var quoted = string.Join('.', table.Split('.', 2).Select(part => $"\"{part.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
            await using var command = warehouse.CreateCommand($"SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM {quoted} LIMIT $1) t");
            command.Parameters.Add(new() { Value = limit });
            using var document = JsonDocument.Parse((string)(await command.ExecuteScalarAsync(cancellationToken))!);
            return document.RootElement.Clone();
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, $"Reading table {table}");
        }
    }
}
