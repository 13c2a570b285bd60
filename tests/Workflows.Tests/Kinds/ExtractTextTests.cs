using System.IO.Compression;
using System.Text;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Files;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class ExtractTextTests : IDisposable
{
    private const string Airports =
        @"(?<value><\\((?<Code>[^)]*)\\) (?<Name>.*?) - Altitude: (?<Altitude>-?[\\d.]+) - Latitude: (?<Latitude>-?[\\d.]+) - Longitude: (?<Longitude>-?[\\d.]+)>)";

    private const string Flights =
        @"(?<value><\\((?<aircraft>[^()]*)\\) (?<registration>[^<>]*) - Altitude: (?<altitude>-?[0-9.]+) - Ground Speed: (?<speed>-?[0-9.]+) - Heading: (?<heading>-?[0-9.]+)>)";

    private readonly KindHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Text_NamesWithCommasAndDashes_Survive()
    {
        _host.Write("a.txt", "<(LECO) A Coruna Airport - Altitude: 326 - Latitude: 43.302059 - Longitude: -8.37725>, <(XX) Saint-Denis - La Réunion, \"Roland\" - Altitude: -5 - Latitude: 1 - Longitude: 2>");
        var result = await ExtractAsync("a.txt", Airports);
        Assert.Equal("value VARCHAR, Code VARCHAR, Name VARCHAR, Altitude BIGINT, Latitude DOUBLE, Longitude DOUBLE", _host.Columns(result).Replace("\"", "", StringComparison.Ordinal));
        Assert.Equal(
            [
                """{"Code":"LECO","Name":"A Coruna Airport","Altitude":326,"Latitude":43.302059,"Longitude":-8.37725}""",
                """{"Code":"XX","Name":"Saint-Denis - La Réunion, \"Roland\"","Altitude":-5,"Latitude":1.0,"Longitude":2.0}""",
            ],
            (await _host.RowsAsync(result)).Select(r => "{" + r[r.IndexOf("\"Code\"", StringComparison.Ordinal)..]).Order(StringComparer.Ordinal));

        _host.Write("f.txt", "<(B77W) RA-73141 - Altitude: 34000 - Ground Speed: 456 - Heading: 327>, <() - Altitude: 0 - Ground Speed: 0 - Heading: 0>, <(A20N) D-A - B, C - Altitude: 1 - Ground Speed: 2 - Heading: 3>");
        Assert.Equal(2, (await ExtractAsync("f.txt", Flights)).RowsWritten);
    }

    [Fact]
    public async Task Text_OptionalGroups_AreNullAndEmptyOnesAreNot()
    {
        _host.Write("d.txt", "'LIS#OPO#TAP', 'LIS#N/A', 'LIS##'");
        var result = await ExtractAsync("d.txt", "'(?<value>(?<origin>[^'#]*)#(?<destination>[^'#]*)(#(?<airline>[^'#]*))?)'");
        Assert.Equal(
            [
                """{"value":"LIS##","origin":"LIS","destination":"","airline":""}""",
                """{"value":"LIS#N/A","origin":"LIS","destination":"N/A","airline":null}""",
                """{"value":"LIS#OPO#TAP","origin":"LIS","destination":"OPO","airline":"TAP"}""",
            ],
            await _host.RowsAsync(result));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1 << 20)]
    [InlineData(3 << 19)]
    public async Task Text_LargerThanTheWindow_GivesTheSameRowsAsWhole(int padding)
    {
        // Matches of very different lengths, so that windows end in the middle of some.
        var random = new Random(7);
        var text = new StringBuilder();
        var expected = new List<int>();
        while (text.Length < TextFormat.WindowChars * 5 / 2)
        {
            var length = random.Next(10) == 0 ? random.Next(padding) + 1 : random.Next(2_000) + 1;
            text.Append(random.Next(3) == 0 ? "-,\n" : "").Append('<').Append('x', length).Append("\n\">");
            expected.Add(length);
        }

        _host.Write("big.txt", text.ToString());
        var result = await _host.RunAsync(
            "extract", """{"source":{"file":{"path":"big.txt","pattern":"<(?<body>x+)\\n\">"} },"select":"SELECT length(body) AS n FROM source"}""");
        Assert.Equal(expected.Order(), (await _host.RowsAsync(result)).Select(r => int.Parse(r[5..^1], System.Globalization.CultureInfo.InvariantCulture)).Order());
    }

    [Fact]
    public async Task Text_WholeDocument_CanBeOneMatch()
    {
        _host.Write("z.json", "{\"europe\": {\"tl_y\": 1,\n \"subzones\": {}}}\n");
        var result = await _host.RunAsync("extract", """{"source":{"file":{"path":"z.json","format":"text","pattern":"(?<document>\\{[\\s\\S]*\\})"} },"columns":{"document":"JSON"} }""");
        Assert.Equal(["""{"document":{"europe":{"tl_y":1,"subzones":{}}}}"""], await _host.RowsAsync(result));
    }

    [Theory]
    [InlineData("x.txt", "(?<a>(x+x+)+y)", "backtracks too much")]
    [InlineData("latin.txt", "(?<a>.)", "latin.txt is not encoded in UTF-8.")]
    [InlineData("x.txt", "(?<a>x", "The pattern is no regular expression")]
    [InlineData("x.txt", "(x)", "The pattern has no named group")]
    public async Task Text_ThatCannotBeRead_IsATerminalError(string file, string pattern, string message)
    {
        _host.Write("x.txt", new string('x', 40));
        File.WriteAllBytes(_host.Write("latin.txt", ""), [0xE4, 0x20]);
        var error = await Assert.ThrowsAsync<TerminalException>(() => ExtractAsync(file, pattern));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_WithoutMatches_GivesTheColumnsAndAWarning()
    {
        _host.Write("a.txt", "nothing");
        var result = await _host.RunAsync("extract", """{"source":{"file":{"path":"a.txt","pattern":"(?<a>z)(?<b>y)"} },"columns":{"b":"INTEGER"} }""");
        Assert.Equal("a VARCHAR, b INTEGER", _host.Columns(result));
        Assert.Contains("! a.txt: the pattern matches nothing in it.", _host.Log.Lines);
    }

    [Fact]
    public async Task Zip_Members_AreReadAsFiles()
    {
        Zip("a.zip", ("data/movies.csv", "id\n1\n2\n"), ("data/credits.csv", "id\n3\n"), ("readme.txt", "x"));
        Assert.Equal(2, (await ZipAsync("a.zip", "*movies.csv")).RowsWritten);
        Assert.Equal(3, (await ZipAsync("a.zip", "*.csv")).RowsWritten);
        Assert.Equal(1, (await ZipAsync("a.zip", "data/c*")).RowsWritten);
        Assert.DoesNotContain(_host.LakeFiles(), f => f.StartsWith(".staging", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Member_OfAFolder_IsAFileOfIt()
    {
        _host.Write("sample/movies.csv", "id\n1\n");
        _host.Write("sample/credits.csv", "id\n1\n2\n");
        Assert.Equal(1, (await ZipAsync("sample", "*movies.csv")).RowsWritten);
        Assert.Equal(2, (await ZipAsync(Path.Combine(_host.Folder, "sample"), "*credits.csv")).RowsWritten);
    }

    [Fact]
    public async Task Zip_WithNamesThatLeaveTheirFolder_StaysInTheStagingFolder()
    {
        Zip("evil.zip", ("../../evil.csv", "id\n1\n"), ("/etc/evil.csv", "id\n2\n"));
        Assert.Equal(2, (await ZipAsync("evil.zip", "*.csv")).RowsWritten);
        Assert.False(File.Exists(Path.Combine(_host.Folder, "../../evil.csv")));
    }

    [Fact]
    public async Task Zip_Faulty_IsATerminalErrorThatNamesTheMember()
    {
        Zip("a.zip", ("x/ragged.csv", "a,b\n1\n"));
        Assert.StartsWith("a.zip!x/ragged.csv, line 2:", (await Assert.ThrowsAsync<TerminalException>(() => ZipAsync("a.zip", "*.csv"))).Message, StringComparison.Ordinal);
        Assert.StartsWith("a.zip: no member matches *.json; there are x/ragged.csv", (await Assert.ThrowsAsync<TerminalException>(() => ZipAsync("a.zip", "*.json"))).Message, StringComparison.Ordinal);
        _host.Write("no.zip", "this is no archive");
        Assert.StartsWith("no.zip is damaged", (await Assert.ThrowsAsync<TerminalException>(() => ZipAsync("no.zip", "*.csv"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Zip_Bomb_IsRefusedBeforeItFillsTheDisk()
    {
        using (var zip = ZipFile.Open(_host.Write("bomb.zip", "x") + ".2", ZipArchiveMode.Create))
        {
            await using var stream = await zip.CreateEntry("bomb.csv", CompressionLevel.Optimal).OpenAsync();
            var zeros = new byte[16 << 20];
            for (var i = 0; i < 20; i++)
                await stream.WriteAsync(zeros);
        }

        File.Move(Path.Combine(_host.Folder, "bomb.zip.2"), Path.Combine(_host.Folder, "bomb.zip"), overwrite: true);
        Assert.Contains("zip bomb", (await Assert.ThrowsAsync<TerminalException>(() => ZipAsync("bomb.zip", "*.csv"))).Message, StringComparison.Ordinal);
        Assert.Empty(_host.LakeFiles());
    }

    private Task<TaskResult> ExtractAsync(string path, string pattern) =>
        _host.RunAsync("extract", $$$"""{"source":{"file":{"path":"{{{path}}}","format":"text","pattern":"{{{pattern}}}"} } }""");

    private Task<TaskResult> ZipAsync(string path, string member) => _host.RunAsync("extract", $$$"""{"source":{"file":{"path":"{{{path}}}","member":"{{{member}}}"} } }""");

    private void Zip(string name, params (string Name, string Content)[] members)
    {
        using var stream = File.Create(Path.Combine(_host.Folder, name));
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create);
        foreach (var (member, content) in members)
        {
            using var writer = new StreamWriter(zip.CreateEntry(member).Open());
            writer.Write(content);
        }
    }
}
