using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Transform;

/// <summary>An object of the lake under a name of the user's choice: readers see the one before or the new one, whole.</summary>
internal static class FileTarget
{
    private const string Csv = "csv";
    private const string Json = "json";
    private const string Parquet = "parquet";

    public static IEnumerable<TaskFault> Check(KindSettings settings)
    {
        if (settings.Text("delimiter") is { } delimiter && !delimiter.Contains("${", StringComparison.Ordinal) && !CsvWriting.IsDelimiter(delimiter))
            yield return new TaskFault("delimiter", CsvWriting.DelimiterRule);
    }

    public static async Task<TaskResult> WriteAsync(
        SqlSession session, TaskContext context, KindSettings settings, SqlQuery query, CancellationToken cancellationToken)
    {
        var format = settings.Text("format") ?? Parquet;
        var options = format switch
        {
            Csv => CsvWriting.Options(settings),
            Json => "FORMAT json, ARRAY true",
            Parquet => ParquetOutput.Format,
            _ => throw new TerminalException($"{settings.FieldOf("format")}: '{format}' is none of {Csv}, {Json}, {Parquet}."),
        };
        var path = ObjectPath.Parse($"{settings.Required("to")}/{settings.Text("name") ?? $"{context.Task.Name}.{format}"}");
        var file = session.NewFile("." + format);
        session.Name(file, path.Value);
        var rows = await session.ExecuteAsync(query, $"COPY ({query.Select}) TO {Sql.Literal(file)} ({options})", cancellationToken);
        var bytes = new FileInfo(file).Length;
        await session.Lake.Store.UploadFileAsync(file, path, cancellationToken);
        context.Log.Progress(rows, bytes);
        context.Log.Info($"Wrote {rows} rows to {path}.");
        return new TaskResult
        {
            RowsWritten = rows,
            BytesWritten = bytes,
            Output = new TaskOutput(format == Parquet ? OutputKind.Files : OutputKind.Objects, [path.Value]),
        };
    }
}
