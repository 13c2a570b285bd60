using System.Globalization;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>
/// Writes the rows of a SELECT as Parquet objects that belong to one try of a task: other tries write elsewhere, and what is not recorded is as if it never
/// was.
/// </summary>
internal static class ParquetOutput
{
    /// <summary>The options of Parquet files. A row group ends by its size too, as few rows may be large.</summary>
    public const string Format = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES 8388608";

    /// <summary>The size at which a row group ends.</summary>
    public const long RowGroupBytes = 8 << 20;

    /// <summary>The rows of local files. What their paths look like adds no columns.</summary>
    public static string Select(IReadOnlyCollection<string> files) =>
        $"SELECT * FROM read_parquet({FileList.Of(files)}, hive_partitioning = false, union_by_name = {(files.Count > 1 ? "true" : "false")})";

    /// <summary>The prefix of a try's objects.</summary>
    public static ObjectPath Prefix(TaskContext context, string? to) => ObjectPath.Parse(string.Create(
        CultureInfo.InvariantCulture,
        $"{to ?? $"workflows/{context.Workflow.Name}/{context.Task.Name}"}/run={context.RunId}/{context.Task.Name}/try={context.Try}"));

    /// <summary>Writes.</summary>
    /// <param name="session">The session.</param>
    /// <param name="context">The task.</param>
    /// <param name="query">The rows.</param>
    /// <param name="to">The prefix that the settings name; null takes the task's own.</param>
    /// <param name="rowsPerFile">The most rows of a file; null makes one file.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public static async Task<TaskResult> WriteAsync(
        SqlSession session, TaskContext context, SqlQuery query, string? to, int? rowsPerFile, CancellationToken cancellationToken)
    {
        var prefix = Prefix(context, to);
        var files = new List<(string Local, long Rows)>();
        if (rowsPerFile is { } limit)
            files.AddRange(await WritePartsAsync(session, query, limit, cancellationToken));
        else
            files.Add(await WriteFileAsync(session, query, query.Select, cancellationToken));

        var paths = new List<string>(files.Count);
        var (rows, bytes) = (0L, 0L);
        foreach (var file in files)
        {
            var path = prefix.Combine(string.Create(CultureInfo.InvariantCulture, $"part-{paths.Count:00000}.parquet"));
            rows += file.Rows;
            bytes += new FileInfo(file.Local).Length;
            await session.Lake.Store.UploadFileAsync(file.Local, path, cancellationToken);
            paths.Add(path.Value);
            context.Log.Progress(rows, bytes);
        }

        return new TaskResult { RowsRead = rows, RowsWritten = rows, BytesWritten = bytes, Output = new TaskOutput(OutputKind.Files, paths) };
    }

    private static async Task<List<(string Local, long Rows)>> WritePartsAsync(
        SqlSession session, SqlQuery query, int limit, CancellationToken cancellationToken)
    {
        // A table of the session, which spills: parts are cut out of it by their place, without reading what is before them.
        const string Rows = "pipeline_rows_of_parts";
        await session.ExecuteAsync(query, $"CREATE OR REPLACE TEMP TABLE {Rows} AS SELECT * FROM ({query.Select})", cancellationToken);
        var count = await session.RunAsync(
            query, connection => connection.QueryInt64($"SELECT count(*) FROM {Rows}", cancellationToken) ?? 0, cancellationToken);
        var files = new List<(string, long)>();
        for (var from = 0L; from == 0 || from < count; from += limit)
        {
            var part = string.Create(CultureInfo.InvariantCulture, $"SELECT * FROM {Rows} WHERE rowid >= {from} AND rowid < {from + limit}");
            files.Add(await WriteFileAsync(session, query, part, cancellationToken));
        }

        await session.ExecuteAsync(query, $"DROP TABLE {Rows}", cancellationToken);
        return files;
    }

    private static async Task<(string Local, long Rows)> WriteFileAsync(SqlSession session, SqlQuery query, string select, CancellationToken cancellationToken)
    {
        var file = session.NewFile(".parquet");
        session.Name(file, "the staged file");
        var rows = await session.ExecuteAsync(query, $"COPY ({select}) TO {Sql.Literal(file)} ({Format})", cancellationToken);
        return (file, rows);
    }
}
