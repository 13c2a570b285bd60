using Pipeline.DuckDb;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Folders;

/// <summary>The sinks <c>csv</c> and <c>parquet</c>: a folder outside the lake.</summary>
internal abstract class FolderSink(TimeProvider time) : ISink
{
    public abstract string Name { get; }

    public virtual IEnumerable<TaskFault> Check(KindSettings settings)
    {
        if (settings.Text("name") is { } name && !name.Contains("${", StringComparison.Ordinal) && !IsName(name))
            yield return new TaskFault("name", $"'{name}' is no name of a file.");
    }

    public async Task<TaskResult> WriteAsync(SinkRequest request, CancellationToken cancellationToken)
    {
        var settings = request.Settings;
        var options = Options(settings);
        var name = settings.Text("name") ?? request.Context.Task.Name;
        if (!IsName(name))
            throw new TerminalException($"{settings.FieldOf("name")}: '{name}' is no name of a file.");
        var extension = "." + Name;
        if (name.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
            name = name[..^extension.Length];

        // What the user of a command line means by a relative path.
        var target = Path.GetFullPath(settings.Required("directory"));
        using var folder = OutputFolder.Begin(request.Context, target, time);
        request.Session.Name(folder.Folder, target);
        var to = settings.Text("files") == "many"
            ? $"{Sql.Literal(folder.Folder)} ({options}, PER_THREAD_OUTPUT true, OVERWRITE_OR_IGNORE true, "
                + $"FILENAME_PATTERN {Sql.Literal(name + "_{i}")}, FILE_EXTENSION {Sql.Literal(Name)})"
            : $"{Sql.Literal(Path.Combine(folder.Folder, name + extension))} ({options})";
        var rows = await request.Session.WorkAsync(
            request.Query,
            connection =>
            {
                folder.Clear();
                return Task.FromResult(connection.Execute($"COPY ({request.Query.Select}) TO {to}", cancellationToken));
            },
            cancellationToken);
        var bytes = folder.Commit();
        request.Context.Log.Progress(rows, bytes);
        request.Context.Log.Info($"Wrote {rows} rows into folder {target}.");
        return new TaskResult { RowsRead = rows, RowsWritten = rows, BytesWritten = bytes, Output = new TaskOutput(OutputKind.Directory, [target]) };
    }

    /// <summary>The options of COPY.</summary>
    protected abstract string Options(KindSettings settings);

    private static bool IsName(string name) => name.Length > 0 && name[0] != '.' && name.AsSpan().IndexOfAny("/\\{}\0") < 0;
}

/// <summary>A folder with CSV.</summary>
internal sealed class CsvFolderSink(TimeProvider time) : FolderSink(time)
{
    public override string Name => "csv";

    public override IEnumerable<TaskFault> Check(KindSettings settings)
    {
        foreach (var fault in base.Check(settings))
            yield return fault;
        if (settings.Text("delimiter") is { } delimiter && !delimiter.Contains("${", StringComparison.Ordinal) && !CsvWriting.IsDelimiter(delimiter))
            yield return new TaskFault("delimiter", CsvWriting.DelimiterRule);
    }

    protected override string Options(KindSettings settings) => CsvWriting.Options(settings);
}

/// <summary>A folder with Parquet.</summary>
internal sealed class ParquetFolderSink(TimeProvider time) : FolderSink(time)
{
    public override string Name => "parquet";

    protected override string Options(KindSettings settings) => ParquetOutput.Format;
}
