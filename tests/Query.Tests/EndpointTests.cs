using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Tests;

public sealed class EndpointTests : IAsyncLifetime
{
    private QueryHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await QueryHost.StartAsync();
        await _host.TableAsync("raw/things", "SELECT i AS id, 'n' || i AS name, i > 1 AS late FROM range(3) t(i)");
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Sql_Select_AnswersColumnsAndTypedRows()
    {
        using var response = await _host.Http.PostAsJsonAsync("/sql", new
        {
            Engine = "lake", Sql = "SELECT id, name, late, [1, 2] AS list, 'NaN'::DOUBLE AS nan, NULL AS nothing, 12345678901234567890.5::DECIMAL(30, 1) AS exact FROM raw.things WHERE id = $id",
            Parameters = new { id = 2 },
        });
        var answer = await JsonAsync(response);
        Assert.Equal("""[[2,"n2",true,[1,2],"NaN",null,12345678901234567890.5]]""", answer["Rows"]!.ToJsonString());
        Assert.Equal("""["number","text","boolean","json","number","number","number"]""", new JsonArray([.. answer["Columns"]!.AsArray().Select(c => c!["Kind"]!.DeepClone())]).ToJsonString().Replace("\"nothing\"", "", StringComparison.Ordinal));
        Assert.Equal((1, false), ((int)answer["RowCount"]!, (bool)answer["Truncated"]!));
        Assert.NotNull((string?)answer["Id"]);
    }

    [Fact]
    public async Task Sql_LimitedRows_SaysThatThereAreMore()
    {
        using var response = await _host.Http.PostAsJsonAsync("/sql", new { Sql = "FROM raw.things", MaxRows = 2 });
        Assert.Equal((2, true), (await JsonAsync(response)) is var answer ? ((int)answer["RowCount"]!, (bool)answer["Truncated"]!) : default);
    }

    [Theory]
    [InlineData("""{"Sql":"SELECT idd FROM raw.things"}""", 400, "idd")]
    [InlineData("""{"Sql":"DROP TABLE x"}""", 400, "Only SELECT")]
    [InlineData("""{"Sql":""}""", 400, "must not be empty")]
    [InlineData("""{"Sql":"SELECT 1","MaxRows":0}""", 400, "must be from 1 to 100000")]
    [InlineData("""{"Sql":"SELECT 1","Engine":"oracle"}""", 400, "must be lake or warehouse")]
    [InlineData("""{"Sql":"SELECT $a","Parameters":{"a":[1]}}""", 400, "must be a text")]
    [InlineData("""{"Sql":""", 400, "JSON")]
    [InlineData("""{"Sql":"SELECT 1","Engine":"warehouse"}""", 503, "Connect to the warehouse")]
    public async Task Sql_Wrong_IsAProblemInWords(string body, int status, string detail)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await _host.Http.PostAsync("/sql", content);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(detail, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Sql_NotJson_Is415()
    {
        using var content = new StringContent("SELECT 1");
        using var response = await _host.Http.PostAsync("/sql", content);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task Export_FormOrJson_IsADownload()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["engine"] = "lake", ["sql"] = "SELECT id, name FROM raw.things WHERE id < $n ORDER BY id", ["parameters"] = """{"n":2}""" });
        using var csv = await _host.Http.PostAsync("/sql/export?format=csv", form);
        Assert.Equal("id,name\n0,n0\n1,n1\n", await csv.Content.ReadAsStringAsync());
        Assert.Equal(("attachment", "query.csv", "text/csv"), (
            csv.Content.Headers.ContentDisposition?.DispositionType, csv.Content.Headers.ContentDisposition?.FileName, csv.Content.Headers.ContentType?.MediaType));
        using var parquet = await _host.Http.PostAsJsonAsync("/sql/export?format=parquet", new { Sql = "FROM raw.things" });
        Assert.Equal("PAR1"u8.ToArray(), (await parquet.Content.ReadAsByteArrayAsync())[..4]);
        using var wrong = await _host.Http.PostAsJsonAsync("/sql/export?format=xls", new { Sql = "FROM raw.things" });
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        using var bad = await _host.Http.PostAsJsonAsync("/sql/export", new { Sql = "FROM raw.nothing" });
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    [Fact]
    public async Task Export_FromAPageOfAnotherSite_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sql/export") { Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["sql"] = "SELECT 1" }) };
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        using var response = await _host.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Export_ErrorOnTheWay_BreaksTheConnection()
    {
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await _host.Http.PostAsJsonAsync("/sql/export", new { Sql = "SELECT CASE WHEN i < 900000 THEN i ELSE CAST('x' AS BIGINT) END FROM range(1000000) t(i)" });
            response.EnsureSuccessStatusCode();
            await response.Content.ReadAsByteArrayAsync();
        });
        Assert.Empty(await _host.SendAsync(new ListRunning()));
    }

    [Fact]
    public async Task SchemaRunningAndNotebooks_Answer()
    {
        await _host.SendAsync(new CreateNotebook("n", [NotebookCell.Sql(QueryEngine.Lake, "SELECT 1")]));
        var schema = await JsonAsync(await _host.Http.GetAsync("/sql/schema"));
        Assert.Equal("raw.things", (string?)schema["Engines"]![0]!["Tables"]![0]!["Name"]);
        Assert.Equal("[]", (await JsonAsync(await _host.Http.GetAsync("/sql/running"))).ToJsonString());
        Assert.Equal(HttpStatusCode.NotFound, (await _host.Http.DeleteAsync($"/sql/running/{Guid.NewGuid()}")).StatusCode);
        Assert.Equal("n", (string?)(await JsonAsync(await _host.Http.GetAsync("/notebooks")))[0]!["Name"]);
        Assert.Equal("sql", (string?)(await JsonAsync(await _host.Http.GetAsync("/notebooks/n")))["Cells"]![0]!["Kind"]);
        Assert.Equal(HttpStatusCode.NotFound, (await _host.Http.GetAsync("/notebooks/..%2Fsecret")).StatusCode);
    }

    [Fact]
    public async Task Running_Cancelled_AnswersConflict()
    {
        var running = _host.Http.PostAsJsonAsync("/sql", new { Sql = "SELECT count(*) FROM range(1000000000000) a(i) WHERE hash(i) % 7 = 8" });
        var id = await Testing.Eventually.ResultAsync(async () => (await JsonAsync(await _host.Http.GetAsync("/sql/running"))).AsArray().FirstOrDefault(r => r!["StartedAt"] is not null));
        Assert.Equal(HttpStatusCode.NoContent, (await _host.Http.DeleteAsync($"/sql/running/{id["Id"]}")).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await running).StatusCode);
    }

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }
}
