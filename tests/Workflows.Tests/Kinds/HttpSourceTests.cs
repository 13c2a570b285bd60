using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class HttpSourceSuite : SourceSuite, IAsyncLifetime
{
    private const int PageSize = 1_000;

    private IReadOnlyList<(long Id, string? Name)> _rows = [];
    private TestWeb? _web;

    private protected override string Missing => $$""" "http":{"url":"{{_web!.Url}}/none"} """;

    private protected override string MissingName => "/none answered 404 Not Found: no such thing";

    public async Task InitializeAsync() => _web = await TestWeb.StartAsync(async context =>
    {
        if (context.Request.Path == "/none")
        {
            context.Response.StatusCode = 404;
            await context.Response.WriteAsync("no such\nthing");
            return;
        }

        var page = int.Parse(context.Request.Query["page"].ToString(), CultureInfo.InvariantCulture);
        await context.Response.WriteAsync($"{{\"items\": [{string.Join(",\n", _rows.Skip((page - 1) * PageSize).Take(PageSize).Select(JsonSourceSuiteRows.Object))}]}}");
    });

    public async Task DisposeAsync() => await _web!.DisposeAsync();

    private protected override Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        _rows = rows;
        return Task.FromResult($$""" "http":{"url":"{{_web!.Url}}/rows","records":"$.items","pagination":{"page":{"param":"page"} } } """);
    }
}

internal static class JsonSourceSuiteRows
{
    public static string Object((long Id, string? Name) row) =>
        System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, object?> { ["id"] = row.Id, ["name"] = row.Name });
}

public sealed class HttpSourceTests : IAsyncDisposable
{
    private readonly KindHost _host = new(o => o.SourceTimeout = TimeSpan.FromMinutes(1));
    private TestWeb? _web;

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        if (_web is not null)
            await _web.DisposeAsync();
    }

    [Fact]
    public async Task Request_IsMadeAsTheSettingsSay()
    {
        var headers = new List<string>();
        await AnswerAsync(async context =>
        {
            headers.Add($"{context.Request.Headers["X-Key"]} {context.Request.Headers.Accept} {context.Request.ContentType}");
            await context.Response.WriteAsync("""{"id":1}""");
        });
        await ExtractAsync("""{"url":"URL/a?keep=1","method":"POST","query":{"q":"a b&c","n":5},"headers":{"X-Key":"secret","Content-Type":"text/x"},"body":"{\"x\":1}"}""");
        Assert.Equal("""POST /a?keep=1&q=a%20b%26c&n=5 {"x":1}""", Assert.Single(_web!.Requests));
        Assert.Equal("secret application/json text/x", Assert.Single(headers));
    }

    [Fact]
    public async Task Document_WithoutRecords_IsOneRow()
    {
        await JsonAsync(_ => """{"dt":1700000000,"name":"London","main":{"temp":11.5}}""");
        Assert.Equal(["""{"dt":1700000000,"name":"London","main":{"temp":11.5}}"""], await _host.RowsAsync(await ExtractAsync("""{"url":"URL/w"}""")));
    }

    [Fact]
    public async Task Each_MakesARequestWhoseValuesAreColumns()
    {
        await JsonAsync(request => $$"""{"dt":1,"query":{{System.Text.Json.JsonSerializer.Serialize(request.Query["q"].ToString())}}}""");
        var result = await ExtractAsync("""{"url":"URL/${each:city}","query":{"q":"${each:city}, ${each:lat}"},"each":[{"city":"A/B \"x\"","lat":1.5},{"city":"London","lat":-2}]}""");
        Assert.Equal(
            ["""{"city":"A/B \"x\"","lat":1.5,"dt":1,"query":"A/B \"x\", 1.5"}""", """{"city":"London","lat":-2.0,"dt":1,"query":"London, -2"}"""],
            await _host.RowsAsync(result));
        Assert.Equal(["GET /A%2FB%20%22x%22?q=A%2FB%20%22x%22%2C%201.5", "GET /London?q=London%2C%20-2"], _web!.Requests);
    }

    [Fact]
    public async Task Each_OfAKeyThatRecordsHave_IsATerminalError()
    {
        await JsonAsync(_ => """{"city":"x"}""");
        Assert.Contains("has a member 'city' of its own", (await FailAsync<TerminalException>("""{"url":"URL/","each":[{"city":"London"}]}""")).Message, StringComparison.Ordinal);
        Assert.Contains("${each:nope}: each has the keys city.", (await FailAsync<TerminalException>("""{"url":"URL/${each:nope}","each":[{"city":"London"}]}""")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"page":{"param":"p","start":0,"size_param":"s","size":2}}""", "/?p=0&s=2 /?s=2&p=1 /?s=2&p=2 /?s=2&p=3")]
    [InlineData("""{"offset":{"param":"o","limit_param":"l","limit":2}}""", "/?o=0&l=2 /?l=2&o=2 /?l=2&o=4")]
    [InlineData("""{"next":"$.links.next"}""", "/ /?p=1&t=n /?p=2&t=n")]
    [InlineData("""{"link_header":true}""", "/ /?p=1 /?p=2")]
    public async Task Pagination_OfEachKind_ReadsAllPages(string pagination, string expected)
    {
        string[] all = ["1", "2", "3", "4", "5"];
        await AnswerAsync(async context =>
        {
            var query = context.Request.Query;
            var page = query.ContainsKey("o") ? int.Parse(query["o"]!, CultureInfo.InvariantCulture) / 2 : query.ContainsKey("p") ? int.Parse(query["p"]!, CultureInfo.InvariantCulture) : 0;
            if (page < 2)
                context.Response.Headers.Link = $"</?p=9>; rel=\"last\", </?p={page + 1}>; rel=\"next\"";
            var next = page < 2 ? $"\"/?p={page + 1}&t=n\"" : "null";
            await context.Response.WriteAsync($$"""{"links":{"next":{{next}}},"data":[{{string.Join(',', all.Skip(page * 2).Take(2).Select(i => $"{{\"id\":{i}}}"))}}]}""");
        });
        var result = await ExtractAsync($$"""{"url":"URL/","records":"$.data","pagination":{{pagination}} }""");
        Assert.Equal(all.Select(i => $"{{\"id\":{i}}}"), await _host.RowsAsync(result));
        Assert.Equal(expected, string.Join(' ', _web!.Requests.Select(r => r["GET ".Length..])));
    }

    [Fact]
    public async Task Pagination_MaxPages_EndsItAndSaysSo()
    {
        await JsonAsync(_ => """[{"id":1}]""");
        await ExtractAsync("""{"url":"URL/","pagination":{"page":{"param":"p"}},"max_pages":3}""");
        Assert.Equal(3, _web!.Requests.Count);
        Assert.Contains(_host.Log.Lines, l => l.Contains("3 pages were read, as max_pages says", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pagination_ThatNeverEnds_IsATerminalError()
    {
        await JsonAsync(_ => """{"next":"/a","items":[1]}""");
        Assert.Contains("go round in a circle", (await FailAsync<TerminalException>("""{"url":"URL/a","records":"$.items","pagination":{"next":"$.next"}}""")).Message, StringComparison.Ordinal);
        Assert.Contains("the answer is no list", (await FailAsync<TerminalException>("""{"url":"URL/a","pagination":{"page":{"param":"p"}}}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cursor_AsksForWhatIsNewAndGoesOn()
    {
        await JsonAsync(request => request.Query["since"].ToString() switch
        {
            "0" => """[{"id":1,"at":9},{"id":2,"at":10}]""",
            "10" => """[{"id":3,"at":100}]""",
            _ => "[]",
        });
        const string Source = """{"url":"URL/","cursor":{"field":"at","param":"since","initial":0}}""";
        var first = await ExtractAsync(Source);
        Assert.Equal("10", first.Cursor!.ToString());
        var second = await ExtractAsync(Source, first.Cursor);
        Assert.Equal("100", second.Cursor!.ToString());
        Assert.Equal(["""{"id":3,"at":100}"""], await _host.RowsAsync(second));
        Assert.Null((await ExtractAsync(Source, second.Cursor)).Cursor);
        Assert.Contains("no record has the field 'nope'", (await FailAsync<TerminalException>("""{"url":"URL/?since=0","cursor":{"field":"nope","param":"x"}}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cursor_OfMoments_KeepsTheirText()
    {
        await JsonAsync(_ => """[{"at":"2024-01-02T03:04:05Z"},{"at":"2024-01-01T00:00:00.5Z"}]""");
        Assert.Equal("2024-01-02T03:04:05Z", (await ExtractAsync("""{"url":"URL/","cursor":{"field":"at","param":"since"}}""")).Cursor!.ToString());
    }

    [Fact]
    public async Task Cursor_OfEach_IsKeptApart()
    {
        await JsonAsync(request => $$"""[{"at":{{(request.Query["c"] == "a" ? 5 : 900)}}}]""");
        var result = await ExtractAsync("""{"url":"URL/?c=${each:city}","each":[{"city":"a"},{"city":"b"}],"cursor":{"field":"at","param":"since"}}""");
        Assert.Equal("""{"city=a":"5","city=b":"900"}""", result.Cursor!.ToJsonString());
        await ExtractAsync("""{"url":"URL/?c=${each:city}","each":[{"city":"a"},{"city":"b"}],"cursor":{"field":"at","param":"since"}}""", result.Cursor);
        Assert.Equal(["GET /?c=a&since=5", "GET /?c=b&since=900"], _web!.Requests.TakeLast(2));
    }

    [Fact]
    public async Task RetryAfter_IsWaitedForAndTheRequestMadeAgain()
    {
        var calls = 0;
        await AnswerAsync(async context =>
        {
            if (++calls < 3)
            {
                context.Response.StatusCode = calls == 1 ? 429 : 503;
                context.Response.Headers.RetryAfter = calls == 1 ? "0" : "Mon, 01 Jan 2024 00:00:00 GMT";
                return;
            }

            await context.Response.WriteAsync("""[{"id":1}]""");
        });
        Assert.Equal(1, (await ExtractAsync("""{"url":"URL/"}""")).RowsWritten);
        Assert.Equal(3, calls);
        Assert.Contains(_host.Log.Lines, l => l.Contains("answered 429 and asks to wait 0 s.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RetryAfter_OfALongTime_EndsWithTheTask()
    {
        await AnswerAsync(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "600";
            return Task.CompletedTask;
        });
        using var timeout = new CancellationTokenSource();
        _host.Log.Said += _ => timeout.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.RunAsync("extract", Settings("""{"url":"URL/"}"""), cancellationToken: timeout.Token));
        Assert.Single(_web!.Requests);
    }

    [Theory]
    [InlineData(500, true)]
    [InlineData(502, true)]
    [InlineData(429, true)]
    [InlineData(408, true)]
    [InlineData(400, false)]
    [InlineData(401, false)]
    [InlineData(404, false)]
    [InlineData(304, false)]
    public async Task Status_ThatIsNoSuccess_IsTransientOrTerminal(int status, bool isTransient)
    {
        await AnswerAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        var error = await Assert.ThrowsAnyAsync<Exception>(() => ExtractAsync("""{"url":"URL/x?key=secret"}"""));
        Assert.Equal(isTransient, error is TransientException);
        Assert.Equal(!isTransient, error is TerminalException);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"/x answered {status}"), error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Empty(_host.LakeFiles());
    }

    [Theory]
    [InlineData("""[{"id":1},{"id":2""", "record 2")]
    [InlineData("<html>", "malformed JSON in line 1 at byte 1, record 1")]
    [InlineData("", "malformed JSON in line 1")]
    [InlineData("""{"error":"quota"}""", "there is nothing at $.items in the document", "$.items")]
    public async Task Answer_ThatIsMalformed_IsATerminalErrorThatNamesThePlace(string body, string message, string? records = null)
    {
        await JsonAsync(_ => body);
        var source = records is null ? """{"url":"URL/"}""" : $$"""{"url":"URL/","records":"{{records}}"}""";
        Assert.Contains(message, (await FailAsync<TerminalException>(source)).Message, StringComparison.Ordinal);
        Assert.Empty(_host.LakeFiles());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Source_ThatHangs_IsTransientAfterItsTimeout(bool afterSomeBytes)
    {
        await AnswerAsync(async context =>
        {
            if (afterSomeBytes)
            {
                await context.Response.WriteAsync("[{\"id\":1},");
                await context.Response.Body.FlushAsync();
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var host = new KindHost(o => o.SourceTimeout = TimeSpan.FromMilliseconds(300));
        var error = await host.FailAsync<TransientException>("extract", Settings("""{"url":"URL/"}"""));
        Assert.Contains(afterSomeBytes ? "no byte came for 0.3 s" : "no answer came within 0.3 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Source_ThatBreaksOff_IsTransient()
    {
        await AnswerAsync(async context =>
        {
            context.Response.ContentLength = 1_000;
            await context.Response.WriteAsync("[{\"id\":1},");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        await FailAsync<TransientException>("""{"url":"URL/"}""");
        await FailAsync<TransientException>("""{"url":"http://127.0.0.1:1/"}""");
    }

    [Fact]
    public async Task Redirect_IsFollowedAndHeadersStayWithTheirHost()
    {
        var keys = new List<string>();
        await using var other = await TestWeb.StartAsync(async context =>
        {
            keys.Add("other:" + context.Request.Headers["X-Key"]);
            await context.Response.WriteAsync("[]");
        });
        await AnswerAsync(async context =>
        {
            keys.Add("own:" + context.Request.Headers["X-Key"]);
            if (context.Request.Path == "/a")
                context.Response.Redirect("/b");
            else if (context.Request.Path == "/b")
                context.Response.Redirect(other.Url + "/c");
            await Task.CompletedTask;
        });
        await ExtractAsync("""{"url":"URL/a","headers":{"X-Key":"secret"} }""");
        Assert.Equal(["own:secret", "own:secret", "other:"], keys);
    }

    [Fact]
    public async Task File_OfAnAddress_IsReadAsAFile()
    {
        await AnswerAsync(context => context.Response.WriteAsync(context.Request.Path == "/a.csv" ? "id,n\n1,x\n" : "a,b\n1\n"));
        Assert.Equal(1, (await _host.RunAsync("extract", Settings("""{"path":"URL/a.csv?key=1"}""", "file"))).RowsWritten);
        var error = await _host.FailAsync<TerminalException>("extract", Settings("""{"path":"URL/b.csv"}""", "file"));
        Assert.StartsWith($"{_web!.Url}/b.csv, line 2:", error.Message, StringComparison.Ordinal);
    }

    private async Task JsonAsync(Func<HttpRequest, string> json) => _web = await TestWeb.StartAsync(json);

    private async Task AnswerAsync(Func<HttpContext, Task> answer) => _web = await TestWeb.StartAsync(answer);

    private string Settings(string source, string kind = "http") => $$"""{"source":{"{{kind}}":{{source.Replace("URL", _web!.Url, StringComparison.Ordinal)}} } }""";

    private Task<TaskResult> ExtractAsync(string source, JsonNode? cursor = null) => _host.RunAsync("extract", Settings(source), cursor: cursor);

    private Task<T> FailAsync<T>(string source)
        where T : Exception => _host.FailAsync<T>("extract", Settings(source));
}
