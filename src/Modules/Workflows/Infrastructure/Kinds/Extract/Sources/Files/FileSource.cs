using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Web;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>The source <c>file</c>: CSV, JSON in three forms, Parquet, text by a pattern; one file, those of a glob, of an archive, or of an address.</summary>
internal sealed class FileSource(WebClient web) : ISource
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
        if (settings.Text("pattern") is { } pattern && !pattern.Contains("${", StringComparison.Ordinal) && TextFormat.Fault(pattern) is { } fault)
            yield return new TaskFault("pattern", fault);
    }

    public async Task<SourceRows> OpenAsync(SourceRequest request, CancellationToken cancellationToken)
    {
        var path = request.Settings.Required("path");
        var files = await FindAsync(request, path, cancellationToken);
        var given = request.Settings.Text("format");
        var format = given ?? FormatOf(files[0]);
        if (files.FirstOrDefault(f => given is null && FormatOf(f) != format) is { } other)
            throw new TerminalException($"{path}: {files[0].Name} and {other.Name} are of different formats.");
        return new SourceRows(await OpenAsync(request, path, files, format, cancellationToken));
    }

    /// <summary>The files that the settings mean, archives unpacked.</summary>
    private async Task<IReadOnlyList<InputFile>> FindAsync(SourceRequest request, string path, CancellationToken cancellationToken)
    {
        var member = request.Settings.Text("member");
        IReadOnlyList<InputFile> found = InputFiles.IsUrl(path)
            ? [await DownloadAsync(request, path, cancellationToken)]
            : InputFiles.Find(request.Context.Folder, path, member);
        var files = new List<InputFile>();
        foreach (var file in found)
        {
            if (file.Extension == ".zip")
                files.AddRange(await ZipMembers.UnpackAsync(request.Session, file, member, cancellationToken));
            else
                files.Add(file);
        }

        return files;
    }

    private async Task<InputFile> DownloadAsync(SourceRequest request, string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url))
            throw new TerminalException($"{request.Settings.FieldOf("path")} is no address.");
        var ask = new WebRequest(url);
        await using var answer = await web.SendAsync(ask, request.Context.Log, cancellationToken);
        var compressed = ask.Name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? ".gz" : "";
        var file = new InputFile(request.Session.NewFile(compressed), ask.Name);
        try
        {
            await using var output = new FileStream(file.Local, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, FileOptions.Asynchronous);
            await answer.Body.CopyToAsync(output, 256 << 10, cancellationToken);
            return file;
        }
        catch (IOException e)
        {
            throw InputFiles.Unreadable(ask.Name, e);
        }
    }

    private static Task<SqlQuery> OpenAsync(
        SourceRequest request, string name, IReadOnlyList<InputFile> files, string format, CancellationToken cancellationToken)
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
            case PlainText:
                return TextFormat.OpenAsync(request, name, files, request.Settings.Required("pattern"), cancellationToken);
            case Parquet:
                foreach (var file in files)
                    session.Name(file.Local, file.Name);
                var rows = new SqlQuery(ParquetOutput.Select([.. files.Select(f => f.Local)]), name);
                return Columns.CastAsync(session, rows, request.Columns, cancellationToken);
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
