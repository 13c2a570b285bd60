using System.Globalization;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

/// <summary>Reads JSON, one record a line, with DuckDB; other forms are made that first.</summary>
internal static class JsonFormat
{
    // DuckDB allocates twice this for each thread that reads.
    private const int SmallestReadBuffer = 1 << 20;
    private const int ReadBuffer = 16 << 20;

    /// <summary>The rows of files that hold one document, or values one after the other.</summary>
    public static async Task<SqlQuery> OpenAsync(
        SqlSession session, string name, IReadOnlyList<InputFile> files, JsonShape shape, IReadOnlyList<KeyValuePair<string, string>> declared, ITaskLog log,
        CancellationToken cancellationToken)
    {
        var lines = new List<InputFile>(files.Count);
        var (records, longest) = (0L, 0);
        foreach (var file in files)
        {
            var copy = new InputFile(session.NewFile(".ndjson"), file.Name);
            JsonTaken taken;
            try
            {
                await using var input = file.Open();
                await using var output = new FileStream(copy.Local, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, FileOptions.Asynchronous);
                taken = await JsonRecords.CopyAsync(input, output, file.Name, shape, cancellationToken);
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                throw InputFiles.Unreadable(file.Name, e);
            }

            records += taken.Records;
            longest = Math.Max(longest, taken.LongestBytes);
            if (taken.Records > 0)
                lines.Add(copy);
            log.Progress(records, 0);
        }

        return await OpenLinesAsync(session, name, lines, longest, declared, log, cancellationToken);
    }

    /// <summary>The rows of files that hold one record a line.</summary>
    /// <param name="session">The session.</param>
    /// <param name="name">What the source is called in messages.</param>
    /// <param name="files">The files.</param>
    /// <param name="longest">The length of the longest line; null where it is not known.</param>
    /// <param name="declared">Declared types.</param>
    /// <param name="log">The log of the task.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public static async Task<SqlQuery> OpenLinesAsync(
        SqlSession session, string name, IReadOnlyList<InputFile> files, int? longest, IReadOnlyList<KeyValuePair<string, string>> declared, ITaskLog log,
        CancellationToken cancellationToken)
    {
        foreach (var file in files)
            session.Name(file.Local, file.Name);
        var filled = files.Where(f => new FileInfo(f.Local).Length > 0).ToList();
        if (filled.Count == 0)
        {
            if (declared.Count == 0)
            {
                log.Warning(
                    $"{name} holds no records, and no columns are declared: later tasks find none of the columns that they may ask for. "
                    + "Declare them under columns.");
            }

            return new SqlQuery(Columns.None(declared.Count > 0 ? declared : [KeyValuePair.Create("json", "JSON")]), name);
        }

        try
        {
            var reader = Reader(filled, longest is { } known ? Math.Max(known, SmallestReadBuffer) : ReadBuffer);
            var found = await session.InferAsync(new SqlQuery($"SELECT * FROM {reader})", name), cancellationToken);
            var columns = Columns.Merge(found, declared).ToList();
            columns.AddRange(declared.Where(d => !columns.Any(c => string.Equals(c.Key, d.Key, StringComparison.OrdinalIgnoreCase))));
            return new SqlQuery($"SELECT * FROM {reader}, columns = {Columns.Map(columns)})", name);
        }
        catch (TerminalException e) when (e.Message.Contains("Malformed JSON", StringComparison.Ordinal))
        {
            // DuckDB's line is not always the one: this finds it.
            foreach (var file in filled)
                await RefuseMalformedAsync(file, cancellationToken);
            throw;
        }
    }

    private static string Reader(List<InputFile> files, int buffer) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        read_json({FileList.Of(files.Select(f => f.Local))}, format = 'newline_delimited', compression = '{(files[0].IsGzip ? "gzip" : "uncompressed")}',
            sample_size = -1, maximum_sample_files = {files.Count}, maximum_depth = -1, map_inference_threshold = -1, maximum_object_size = {buffer},
            union_by_name = {(files.Count > 1 ? "true" : "false")}, hive_partitioning = false
        """);

    private static async Task RefuseMalformedAsync(InputFile file, CancellationToken cancellationToken)
    {
        await using var input = file.Open();
        await JsonRecords.CopyAsync(input, Stream.Null, file.Name, new JsonShape { IsSequence = true }, cancellationToken);
    }
}
