using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources;

namespace Pipeline.Workflows.Tests.Kinds;

public sealed class JsonRecordsTests
{
    private static readonly string[] _paths = ["$", "$.a", "$.a.b", "$['a'][0]", "$[1]", "$.b[0].a"];

    [Fact]
    public void Copy_OfAnyDocument_TakesWhatANaiveReaderTakes() => Prop.ForAll(
        Arb.From(from node in Node(4) from path in Gen.Elements(_paths) from next in Gen.Elements(_paths) from step in Gen.Choose(1, 40) from pretty in Gen.Elements(true, false) select (node, path, next, step, pretty)),
        sample =>
        {
            var text = sample.node?.ToJsonString(new JsonSerializerOptions { WriteIndented = sample.pretty }) ?? "null";
            var expected = Find(sample.node, sample.path, out var found);
            var records = !found ? null : expected is JsonArray array ? array.ToList() : expected is null ? [] : [expected];
            var shape = new JsonShape { Records = JsonPath.Parse(sample.path), Next = JsonPath.Parse(sample.next) };
            if (records is null)
            {
                Assert.Throws<TerminalException>(() => Copy(text, sample.step, shape));
                return;
            }

            var (lines, taken) = Copy(text, sample.step, shape);
            Assert.Equal(records.Select(r => r?.ToJsonString() ?? "null"), lines.Select(l => JsonNode.Parse(l)?.ToJsonString() ?? "null"));
            Assert.Equal(records.Count, taken.Records);
            Assert.Equal(expected is JsonArray, taken.IsList);
            var next = Find(sample.node, sample.next, out _);
            Assert.Equal(next is JsonValue value && value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number ? next.ToString() : null, taken.Next);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Copy_OfAnySequence_TakesEachValue() => Prop.ForAll(
        Arb.From(from nodes in Gen.ListOf(Node(2).Where(n => n is JsonObject)) from separator in Gen.Elements(",\n", "\n", " , ", "") from step in Gen.Choose(1, 40) select (nodes, separator, step)),
        sample =>
        {
            var text = string.Concat(sample.nodes.Select(n => n!.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + sample.separator));
            var (lines, _) = Copy(text, sample.step, new JsonShape { IsSequence = true });
            Assert.Equal(sample.nodes.Select(n => n!.ToJsonString()), lines.Select(l => JsonNode.Parse(l)!.ToJsonString()));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Copy_OfABrokenDocument_FailsWhereverItIsCut()
    {
        const string Text = """[{"a": [1, "two", {"b": null}]}, {"a": "zwölf"}]""";
        for (var cut = 0; cut < Text.Length; cut++)
        {
            var error = Assert.Throws<TerminalException>(() => Copy(Text[..cut], 7, new JsonShape()));
            Assert.StartsWith("doc: malformed JSON in line 1 at byte", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Copy_WithAddedMembers_PutsThemIntoEachRecord()
    {
        var shape = new JsonShape { Added = [KeyValuePair.Create("city", "\"A \\\"B\\\"\""), KeyValuePair.Create("n", "1.5")] };
        var (lines, taken) = Copy("[{}, { }, {\"x\": {\"city\": 1}}]", 3, shape);
        Assert.Equal(["""{"city":"A \"B\"","n":1.5}""", """{"city":"A \"B\"","n":1.5 }""", """{"city":"A \"B\"","n":1.5,"x": {"city": 1}}"""], lines);
        Assert.True(taken.LongestBytes >= lines.Max(l => l.Length));
        Assert.Throws<TerminalException>(() => Copy("[1]", 3, shape));
        Assert.Throws<TerminalException>(() => Copy("[{\"x\":1,\"city\":2}]", 3, shape));
    }

    [Fact]
    public void Copy_ErrorInASequence_NamesLineAndRecord()
    {
        var text = string.Concat(Enumerable.Range(1, 99).Select(i => $"{{\n\"id\": {i}\n}},\n")) + "{\n\"id\": x\n}";
        var error = Assert.Throws<TerminalException>(() => Copy(text, 11, new JsonShape { IsSequence = true }));
        Assert.StartsWith("doc: malformed JSON in line 299 at byte 7, record 100:", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.b", "$.a.b")]
    [InlineData("$['x y'].z[3]", "$['x y'].z[3]")]
    [InlineData("$", "$")]
    public void Path_ThatIsOne_IsRead(string text, string expected) => Assert.Equal(expected, JsonPath.TryParse(text)!.ToString());

    [Theory]
    [InlineData("$..a")]
    [InlineData("$.a[")]
    [InlineData("$.a[x]")]
    [InlineData("$a")]
    public void Path_ThatIsNone_IsRefused(string text) => Assert.Null(JsonPath.TryParse(text));

    [Fact]
    public void RecordLengths_OfAnyCsv_AreThoseOfANaiveReader() => Prop.ForAll(
        Arb.From(from records in Gen.ListOf(Gen.ListOf(Gen.Elements("a", ",", "\"\"", "\n", "ü")).Select(v => $"\"{string.Concat(v)}\"\n")) from step in Gen.Choose(1, 9) select (records, step)),
        sample =>
        {
            var lengths = new RecordLengths();
            foreach (var part in Encoding.UTF8.GetBytes(string.Concat(sample.records)).Chunk(sample.step))
                lengths.Add(part);
            Assert.Equal(sample.records.Select(r => Encoding.UTF8.GetByteCount(r)).DefaultIfEmpty(0).Max(), lengths.Longest);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("a/*.csv", "a/x.csv", true)]
    [InlineData("a/*.csv", "a/b/x.csv", false)]
    [InlineData("a/**/*.csv", "a/x.csv", true)]
    [InlineData("a/**/*.csv", "a/b/c/x.csv", true)]
    [InlineData("a/**", "a/b/c.d", true)]
    [InlineData("a?.[ct]sv", "ab.tsv", true)]
    [InlineData("a?.[!c]sv", "ab.csv", false)]
    [InlineData("a.(x)+$", "a.(x)+$", true)]
    [InlineData("A.csv", "a.csv", false)]
    public void Glob_MatchesPathsBySegments(string pattern, string path, bool expected) => Assert.Equal(expected, new Glob(pattern).IsMatch(path));

    private static (List<string> Lines, JsonTaken Taken) Copy(string text, int step, JsonShape shape)
    {
        using var output = new MemoryStream();
        var taken = JsonRecords.CopyAsync(new SlowStream(Encoding.UTF8.GetBytes(text), step), output, "doc", shape, CancellationToken.None).GetAwaiter().GetResult();
        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        return (lines, taken);
    }

    private static JsonNode? Find(JsonNode? node, string path, out bool found)
    {
        found = true;
        foreach (var step in path.TrimStart('$').Replace("['", ".", StringComparison.Ordinal).Replace("']", "", StringComparison.Ordinal).Replace("[", ".#", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal)
            .Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            if (step[0] == '#' && node is JsonArray array && int.Parse(step[1..], System.Globalization.CultureInfo.InvariantCulture) is var index && index < array.Count)
                node = array[index];
            else if (step[0] != '#' && node is JsonObject map && map.ContainsKey(step))
                node = map[step];
            else
            {
                found = false;
                return null;
            }
        }

        return node;
    }

    private static Gen<JsonNode?> Node(int depth)
    {
        var scalar = Gen.OneOf(
            Gen.Constant<JsonNode?>(null),
            Gen.Elements("", "x", "two\nlines", "ü\"\\", "{[").Select(s => (JsonNode?)JsonValue.Create(s)),
            Gen.Choose(-1000, 1000).Select(i => (JsonNode?)JsonValue.Create(i)),
            Gen.Elements(true, false).Select(b => (JsonNode?)JsonValue.Create(b)));
        if (depth == 0)
            return scalar;
        var inner = Node(depth - 1);
        var array = Gen.Choose(0, 3).SelectMany(n => Gen.ListOf(inner, n)).Select(items => (JsonNode?)new JsonArray([.. items.Select(i => i?.DeepClone())]));
        var map = Gen.SubListOf("a", "b", "c").SelectMany(names => Gen.ListOf(inner, names.Count).Select(
            values => (JsonNode?)new JsonObject(names.Zip(values, (n, v) => KeyValuePair.Create(n, v?.DeepClone())))));
        return Gen.Frequency((1, scalar), (3, array), (5, map));
    }

    /// <summary>Gives a few bytes at a time.</summary>
    private sealed class SlowStream(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }
}
