using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>The source <c>file</c>: CSV, JSON in three forms, Parquet, text by a pattern; one file, those of a glob, or of an address.</summary>
internal sealed class FileSource : ISource
{
    private const string Csv = "csv";
    private const string Json = "json";
    private const string Lines = "ndjson";
    private const string LinesWithCommas = "ndjson_commas";
    private const string Parquet = "parquet";
    private const string PlainText = "text";

    public string Name => "file";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, KindSettings settings)
    {
        if (settings.Text("records") is { } records && JsonPath.TryParse(records) is null)
            yield return new TaskFault("records", $"'{records}' is no path in a JSON document: it is written as $.data.items.");
        if (settings.Text("format") == PlainText && !settings.Has("pattern"))
            yield return new TaskFault("pattern", "Text needs a pattern.");
    }

    public async Task<SourceRows> OpenAsync(SourceRequest request, CancellationToken cancellationToken)
    {
        var settings = request.Settings;
        var path = settings.Required("path");
        var files = InputFiles.Find(request.Context.Folder, path);
        var format = settings.Text("format") ?? FormatOf(files[0]);
        if (files.FirstOrDefault(f => settings.Text("format") is null && FormatOf(f) != format) is { } other)
            throw new TerminalException($"{path}: {files[0].Name} and {other.Name} are of different formats.");
        return new SourceRows(await OpenAsync(request, path, files, format, cancellationToken));
    }

    private static Task<SqlQuery> OpenAsync(SourceRequest request, string name, IReadOnlyList<InputFile> files, string format, CancellationToken cancellationToken)
    {
        var session = request.Session;
        var records = request.Settings.Text("records");
        switch (format)
        {
            case Csv:
                return CsvFormat.OpenAsync(session, name, files, CsvDialect.Read(request.Settings.Section(Csv)), request.Columns, cancellationToken);
            case Lines when records is null:
                return JsonFormat.OpenLinesAsync(session, name, files, null, request.Columns, request.Context.Log, cancellationToken);
            case Json or Lines or LinesWithCommas:
                var shape = new JsonShape { Records = records is null ? JsonPath.Root : JsonPath.Parse(records), IsSequence = format != Json };
                return JsonFormat.OpenAsync(session, name, files, shape, request.Columns, request.Context.Log, cancellationToken);
            case Parquet:
                foreach (var file in files)
                    session.Name(file.Local, file.Name);
                return Columns.CastAsync(
                    session, new SqlQuery($"SELECT * FROM read_parquet({FileList.Of(files.Select(f => f.Local))}, hive_partitioning = false, union_by_name = {(files.Count > 1 ? "true" : "false")})", name),
                    request.Columns, cancellationToken);
            default:
                throw new TerminalException($"{request.Settings.FieldOf("format")}: '{format}' is no known format.");
        }
    }

    private static string FormatOf(InputFile file) => file.Extension switch
    {
        ".csv" => Csv,
        ".json" => Json,
        ".ndjson" or ".jsonl" => Lines,
        ".parquet" => Parquet,
        ".txt" or ".text" => PlainText,
        _ => throw new TerminalException($"{file.Name}: the extension tells no format; name it under format."),
    };
}
