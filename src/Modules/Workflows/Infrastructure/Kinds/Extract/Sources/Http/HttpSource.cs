using System.Globalization;
using System.Text.Json.Nodes;
using Pipeline.DuckDb;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Web;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Http;

/// <summary>The source <c>http</c>: JSON that an API answers, page by page, for each of some values, from where the last run ended.</summary>
internal sealed class HttpSource(WebClient web) : ISource
{
    // A source that ignores the parameter of the page would answer for ever.
    private const int MostPages = 10_000;

    public string Name => "http";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, KindSettings settings)
    {
        foreach (var (field, path) in new[] { ("records", settings.Text("records")), ("pagination.next", settings.Section("pagination")?.Text("next")) })
        {
            if (path is not null && JsonPath.TryParse(path) is null)
                yield return new TaskFault(field, $"'{path}' is no path in a JSON document: it is written as $.data.items.");
        }

        if (settings.Text("url") is { } url && !url.Contains("${", StringComparison.Ordinal) && !IsAddress(url))
            yield return new TaskFault("url", $"'{url}' is no address: it begins with http:// or https://.");
    }

    public async Task<SourceRows> OpenAsync(SourceRequest request, CancellationToken cancellationToken)
    {
        var settings = request.Settings;
        var files = new List<InputFile>();
        var cursors = new CursorText(settings.Section("cursor"), request.Context.Cursor, settings.Has("each"));
        var (records, longest) = (0L, 0);
        foreach (var each in EachValues.Read(settings))
        {
            var fetch = new Fetch(web, request, each, cursors.Before(each.Name));
            var file = await fetch.RunAsync(records, cancellationToken);
            records += fetch.Records;
            longest = Math.Max(longest, fetch.LongestBytes);
            if (fetch.Records == 0)
                continue;
            files.Add(file);
            await cursors.TakeAsync(request.Session, each.Name, file, longest, cancellationToken);
        }

        var query = await JsonFormat.OpenLinesAsync(
            request.Session, settings.Required("url").Split('?')[0], files, longest, request.Columns, request.Context.Log, cancellationToken);
        return new SourceRows(query, cursors.After);
    }

    private static bool IsAddress(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";

    /// <summary>The requests for one set of values.</summary>
    private sealed class Fetch(WebClient web, SourceRequest request, EachValues each, string? cursor)
    {
        private readonly KindSettings _settings = request.Settings;

        public long Records { get; private set; }

        public int LongestBytes { get; private set; }

        /// <summary>Fetches all pages into one file.</summary>
        public async Task<InputFile> RunAsync(long before, CancellationToken cancellationToken)
        {
            var pagination = Pagination.Read(_settings.Section("pagination"));
            var most = _settings.Number("max_pages", 1, 1_000_000);
            var next = First(pagination);
            var origin = next.Url;
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var file = new InputFile(request.Session.NewFile(".ndjson"), next.Name);
            await using var output = new FileStream(file.Local, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 0, FileOptions.Asynchronous);
            for (var pages = 1; ; pages++)
            {
                if (!seen.Add(next.Url.AbsoluteUri))
                    throw new TerminalException($"{next.Name}: page {pages} is one that came before; the pages go round in a circle.");
                var page = await FetchAsync(next with { Origin = origin }, pages, pagination, output, cancellationToken);
                request.Context.Log.Progress(before + Records, 0);
                if (pagination?.After(page) is not { } change)
                    return file;
                if (pages == most)
                {
                    request.Context.Log.Info(
                        string.Create(CultureInfo.InvariantCulture, $"{next.Name}: {pages} pages were read, as max_pages says; there are more."));
                    return file;
                }

                if (pages == MostPages && most is null)
                    throw new TerminalException(string.Create(
                        CultureInfo.InvariantCulture, $"{next.Name}: there are more than {MostPages} pages; say how many there may be under max_pages."));
                next = next with { Url = change.Url ?? With(next.Url, change.Parameters) };
            }
        }

        private WebRequest First(Pagination? pagination)
        {
            var text = each.Fill(_settings.Required("url"), Uri.EscapeDataString);
            if (!IsAddress(text))
                throw new TerminalException($"{_settings.FieldOf("url")} is no address: it begins with http:// or https://.");
            var parameters = _settings.Map("query").Select(p => KeyValuePair.Create(p.Key, each.Fill(p.Value))).ToList();
            if (cursor is not null)
                parameters.Add(KeyValuePair.Create(_settings.RequiredSection("cursor").Required("param"), cursor));
            parameters.AddRange(pagination?.First ?? []);
            var headers = _settings.Map("headers").Select(h => KeyValuePair.Create(h.Key, each.Fill(h.Value))).ToList();
            if (!headers.Any(h => h.Key.Equals("Accept", StringComparison.OrdinalIgnoreCase)))
                headers.Add(KeyValuePair.Create("Accept", "application/json"));
            return new WebRequest(With(new Uri(text), parameters))
            {
                Method = _settings.Text("method") ?? "GET",
                Headers = headers,
                Body = _settings.Text("body") is { } body ? each.Fill(body, EachValues.InJson) : null,
            };
        }

        private async Task<Page> FetchAsync(WebRequest page, int number, Pagination? pagination, Stream output, CancellationToken cancellationToken)
        {
            var records = _settings.Text("records");
            var shape = new JsonShape
            {
                Records = records is null ? JsonPath.Root : JsonPath.Parse(records),
                Next = pagination?.NextPath,
                Added = each.Json,
            };
            await using var answer = await web.SendAsync(page, request.Context.Log, cancellationToken);
            var name = number == 1 ? page.Name : string.Create(CultureInfo.InvariantCulture, $"{page.Name} (page {number})");
            try
            {
                var taken = await JsonRecords.CopyAsync(answer.Body, output, name, shape, cancellationToken);
                if (pagination?.NeedsList is true && !taken.IsList)
                    throw new TerminalException(
                        $"{name}: the answer is no list, so that its last page cannot be told; name where the records are under records.");
                Records += taken.Records;
                LongestBytes = Math.Max(LongestBytes, taken.LongestBytes);
                return new Page(answer.Url, taken.Records, taken.Next, [.. answer.Header("Link")]);
            }
            catch (IOException e)
            {
                throw InputFiles.Unreadable(name, e);
            }
        }

        /// <summary>An address with some parameters of its query set.</summary>
        private static Uri With(Uri url, IReadOnlyList<KeyValuePair<string, string>> parameters)
        {
            if (parameters.Count == 0)
                return url;
            var names = parameters.Select(p => Uri.EscapeDataString(p.Key)).ToHashSet(StringComparer.Ordinal);
            var kept = url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Where(p => !names.Contains(p.Split('=')[0]));
            var set = parameters.Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}");
            return new UriBuilder(url) { Query = string.Join('&', kept.Concat(set)) }.Uri;
        }
    }

    /// <summary>Where the last run ended and this one does: a text, or for <c>each</c> a text by the values' name.</summary>
    private sealed class CursorText(KindSettings? settings, JsonNode? before, bool isEach)
    {
        private readonly JsonObject _after = isEach && before is JsonObject known ? (JsonObject)known.DeepClone() : [];
        private string? _single = isEach ? null : Text(before);
        private bool _moved;

        /// <summary>The cursor after the records that were taken; null where it did not move.</summary>
        public JsonNode? After => !_moved ? null : isEach ? _after : JsonValue.Create(_single);

        /// <summary>Where a request starts; null where there is no cursor, or none yet.</summary>
        public string? Before(string name) => settings is null ? null : (isEach ? Text(_after[name]) : _single) ?? settings.Value.Text("initial");

        /// <summary>Takes the greatest value of the records: by number where all are numbers, else as text.</summary>
        public async Task TakeAsync(SqlSession session, string name, InputFile file, int longest, CancellationToken cancellationToken)
        {
            if (settings is not { } given)
                return;
            var field = given.Required("field");
            var values = $"SELECT {Sql.Identifier(field)} AS v FROM read_json({FileList.Of(file.Local)}, format = 'newline_delimited', "
                + $"columns = {{{Sql.Literal(field)}: 'VARCHAR'}}, "
                + string.Create(CultureInfo.InvariantCulture, $"maximum_object_size = {Math.Max(longest, 1 << 20)})");
            if (Before(name) is { } old)
                values += $" UNION ALL SELECT {Sql.Literal(old)}";
            var greatest = await session.RunAsync(
                new SqlQuery(values, $"Cursor of {file.Name}"),
                connection => connection.QueryString(
                    $"""
                    SELECT CASE WHEN bool_and(n IS NOT NULL) THEN arg_max(v, n) ELSE max(v) END
                    FROM (SELECT v, TRY_CAST(v AS DECIMAL(38,9)) AS n FROM ({values})) WHERE v IS NOT NULL
                    """,
                    cancellationToken),
                cancellationToken);
            if (greatest is null)
                throw new TerminalException($"{file.Name}: no record has the field '{field}' of the cursor.");
            if (isEach)
                _after[name] = greatest;
            else
                _single = greatest;
            _moved = true;
        }

        private static string? Text(JsonNode? node) => node is JsonValue value ? value.ToString() : null;
    }
}
