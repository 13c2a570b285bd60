using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Testing;

namespace Pipeline.Whole.Tests;

/// <summary>The workflows that ship, on the data in their folders, through the real program.</summary>
public sealed class ShippedWorkflowsTests(WorkflowHost host) : IClassFixture<WorkflowHost>
{
    private static string Folder(string workflow) => Path.Combine(AppContext.BaseDirectory, "workflows", workflow);

    [Fact]
    public async Task UserEvents_NothingWaits_EndsWell() => WorkflowHost.AssertSucceeded(await host.RunAsync("user-events"));

    [Fact]
    public async Task Tmdb_SampleTwice_TablesAreThoseOfTheReference()
    {
        var expected = TmdbReference.Read(Path.Combine(Folder("tmdb"), "sample"));
        for (var run = 0; run < 2; run++)
        {
            WorkflowHost.AssertSucceeded(await host.RunAsync("tmdb"));
            foreach (var (table, (columns, rows)) in expected)
            {
                Assert.Equal(rows, host.Rows($"tmdb/silver/{table}", columns));

                // Made, filled, and left as it is by the second run.
                Assert.Equal(2, Directory.EnumerateFiles(Path.Combine(host.Lake, "tmdb", "silver", table, "_delta_log"), "*.json").Count());
            }
        }
    }

    [Fact]
    public async Task Flights_Sample_GoldFilesAreExact()
    {
        WorkflowHost.AssertSucceeded(await host.RunAsync("flights"));
        Assert.Equal(
            """
            Code,ICAO,Name
            ,AUR,Aurora - Regional
            BG,BGA,Blue Gate Airways
            CS,CSV,"Cassava, Lines & Sons"
            NL,NLT,Air Nordlicht
            OF,OFL,Österländska Flyg
            TR,TWR,Two Rivers
            """,
            Gold("Airlines"));
        Assert.Equal(
            """
            value,Code,Name,Altitude,Latitude,Longitude
            "<(EDDZ) Harbour Field, North - West - Altitude: 12 - Latitude: 54.101 - Longitude: 9.5>",EDDZ,"Harbour Field, North - West",12,54.101,9.5
            <(EDXX) O'Neil & Sons Field - Altitude: 640 - Latitude: 51.5 - Longitude: -0.12>,EDXX,O'Neil & Sons Field,640,51.5,-0.12
            "<(KZZZ) Iron Mountain - County, WI - Altitude: 1182 - Latitude: 45.8183 - Longitude: -88.1145>",KZZZ,"Iron Mountain - County, WI",1182,45.8183,-88.1145
            <(LECO) A Coruna Airport - Altitude: 326 - Latitude: 43.302059 - Longitude: -8.37725>,LECO,A Coruna Airport,326,43.302059,-8.37725
            "<(LFXX) Saint-Exemple (Ville), Aeroport - Altitude: -3 - Latitude: 48.0 - Longitude: 2.25>",LFXX,"Saint-Exemple (Ville), Aeroport",-3,48.0,2.25
            <(RJQQ) Shima - Altitude: 5 - Latitude: 34.79 - Longitude: 139.36>,RJQQ,Shima,5,34.79,139.36
            """,
            Gold("Airports"));
        Assert.Equal(
            """
            value,Aircraft type,Immatriculation,Altitude,Ground Speed,Heading
            "<(A320) D-AI, X - Altitude: 0 - Ground Speed: 12 - Heading: 90>",A320,"D-AI, X",0,12,90
            <(BCS3) N/A - Altitude: 39000 - Ground Speed: 448 - Heading: 181>,BCS3,N/A,39000,448,181
            <(B77W) RA-73141 - Altitude: 34000 - Ground Speed: 456 - Heading: 327>,B77W,RA-73141,34000,456,327
            <(A21N) SE-R0 - A - Altitude: 1250 - Ground Speed: 180 - Heading: 270>,A21N,SE-R0 - A,1250,180,270
            <()  - Altitude: 36000 - Ground Speed: 470 - Heading: 15>,,,36000,470,15
            """,
            Gold("Flights"));
        Assert.Equal(
            """
            value,Origin,Destination,Airline Code
            "CDG#NRT",CDG,NRT,
            "LCG#JFK#",LCG,JFK,
            "LCG#MAD#NLT",LCG,MAD,NLT
            "MAD#N/A#BGA",MAD,,BGA
            "N/A#LHR#AUR",,LHR,AUR
            """,
            Gold("Flights_details"));
        Assert.Equal(
            "Zone,br_x,br_y,tl_x,tl_y\natlantic,-4.75,15.62,-50.9,52.62\neurope,53.05,33.57,-16.96,72.57\nnone,4.0,3.0,2.0,1.0\nnorthamerica,-52.0,3.0,-180.0,75.0", Gold("Zones"));
        Assert.Equal(
            "Parent Zone,Subzone,br_x,br_y,tl_x,tl_y\neurope,germany,16.83,45.81,1.81,57.92\neurope,poland,28.26,48.22,11.06,56.86\neurope,\"uk, ireland\",3.46,49.71,-13.07,62.61\n"
            + "germany,berlin area,14.5,51.9,12.4,53.1\nnorthamerica,na_n,-52.48,41.92,-177.97,72.82",
            Gold("Sub_zones"));

        string Gold(string dataSet) =>
            File.ReadAllText(Path.Combine(host.Lake, "gold", dataSet, "tech_year=2026", "tech_month=03", "tech_day=2026-03-01", $"{dataSet}202603010605.csv")).TrimEnd('\n');
    }

    [Fact]
    public async Task CardTransactions_TwiceIntoOneDirectory_OneFileOfTheSameRows()
    {
        using var output = new TempDirectory();
        var directory = Path.Combine(output.FullPath, "cards");
        var parameters = new { output = directory, associates = "30", transactions = "10", seed = "5" };
        WorkflowHost.AssertSucceeded(await host.RunAsync("card-transactions", parameters));
        var first = await File.ReadAllLinesAsync(Path.Combine(directory, "movimento_flat.csv"));
        WorkflowHost.AssertSucceeded(await host.RunAsync("card-transactions", parameters));
        Assert.Equal(first, await File.ReadAllLinesAsync(Path.Combine(directory, "movimento_flat.csv")));
        Assert.Single(Directory.EnumerateFiles(directory, "*.csv"));
        Assert.Equal(
            "nome_associado;sobrenome_associado;idade_associado;vlr_transacao_movimento;des_transacao_movimento;data_movimento;numero_cartao;nome_impresso_cartao;data_criacao_cartao;"
            + "tipo_conta;data_criacao_conta",
            first[0]);
        Assert.All(first.Skip(1), line => Assert.Matches(@"^[^;]+;[^;]+;\d+;\d+\.\d\d;.+;\d\d/\d\d/\d{4};5\d{15};[^;]+;\d\d/\d\d/\d{4};C[CP];\d\d/\d\d/\d{4}$", line));
        Assert.Equal(first.Length - 1, host.Rows("cards/movimento_flat", "numero_cartao").Count);
    }

    [Fact]
    public async Task Weather_ApiStumblesAndRecovers_TablesHoldEachReadingOnceAndNoKeyIsSeen()
    {
        host.Weather = (context, call) => call switch
        {
            1 when context.Request.Query["q"] == "Berlin" => Throttled(context),
            1 when context.Request.Query["q"] == "Lisboa" => Results.StatusCode(500),
            _ => null,
        };
        JsonElement run = default;
        for (var i = 0; i < 2; i++)
        {
            run = await host.RunAsync("weather", new { api = "true" });
            WorkflowHost.AssertSucceeded(run);
        }

        var (byCity, byLocation) = (OldReadings("by_city.json"), OldReadings("by_location.json"));
        var now = DateTimeOffset.FromUnixTimeSeconds(1_780_000_000);
        byCity.UnionWith([("London", now, 40.5), ("Berlin", now, 40.5), ("Lisboa", now, 40.5)]);
        byLocation.UnionWith([("Lisboa", now, 40.5), ("Kiruna", now, 40.5)]);
        Assert.Equal(byCity.Count, host.Rows("weather/by_city", "city").Count);
        Assert.Equal(byLocation.Count, host.Rows("weather/by_location", "city").Count);
        Assert.Equal(byCity.Union(byLocation).Count(), host.Rows("weather/readings", "location").Count);

        var warmest = byCity.Union(byLocation).GroupBy(r => (r.City, r.At.Year, r.At.Month)).Select(g => g.OrderByDescending(r => r.Temperature).ThenBy(r => r.At).First());
        Assert.Equal(
            warmest.Select(r => string.Create(CultureInfo.InvariantCulture, $$"""{"location":"{{r.City}}","date":"{{r.At:yyyy-MM-dd}}"}""")).Order(StringComparer.Ordinal),
            host.Rows("weather/warmest_of_month", "location, date"));
        var days = byCity.Union(byLocation).GroupBy(r => DateOnly.FromDateTime(r.At.UtcDateTime)).Select(g => (
            Day: g.Key, Coldest: g.OrderBy(r => r.Temperature).ThenBy(r => r.City, StringComparer.Ordinal).First().City,
            Warmest: g.OrderByDescending(r => r.Temperature).ThenByDescending(r => r.City, StringComparer.Ordinal).First().City));
        Assert.Equal(
            days.Select(d => string.Create(CultureInfo.InvariantCulture, $$"""{"date":"{{d.Day:yyyy-MM-dd}}","min_location":"{{d.Coldest}}","max_location":"{{d.Warmest}}"}""")).Order(StringComparer.Ordinal),
            host.Rows("weather/days", "date, min_location, max_location"));
        Assert.DoesNotContain(WorkflowHost.Secret, await host.TextAsync(run), StringComparison.Ordinal);

        static IResult Throttled(HttpContext context)
        {
            context.Response.Headers.RetryAfter = "1";
            return Results.StatusCode(429);
        }
    }

    [Fact]
    public async Task Weather_ApiAnswersNonsense_FailsAtThatTaskAndTheRestIsThere()
    {
        host.Weather = (context, _) => context.Request.Query["q"] == "Berlin" ? Results.Text("{\"main\": [", "application/json") : null;
        var run = await host.RunAsync("weather", new { api = "true" });
        host.Weather = (_, _) => null;
        Assert.Equal("failed", WorkflowHost.StateOf(run));
        var failed = Assert.Single(run.GetProperty("Tasks").EnumerateArray(), t => t.GetProperty("State").GetString() == "failed");
        Assert.Equal("current_by_city", failed.GetProperty("Name").GetString());
        Assert.DoesNotContain(WorkflowHost.Secret, await host.TextAsync(run), StringComparison.Ordinal);
    }

    private static HashSet<(string City, DateTimeOffset At, double Temperature)> OldReadings(string file)
    {
        var readings = new HashSet<(string, DateTimeOffset, double)>();
        foreach (var line in File.ReadLines(Path.Combine(Folder("weather"), "old", file)))
        {
            using var document = JsonDocument.Parse(line.TrimEnd(','));
            var reading = document.RootElement;
            readings.Add((
                reading.GetProperty("name").GetString()!, DateTimeOffset.FromUnixTimeSeconds(reading.GetProperty("dt").GetInt64()), reading.GetProperty("main").GetProperty("temp").GetDouble()));
        }

        return readings;
    }
}
