using System.Text;

namespace Pipeline.Lake.Tests;

public sealed class LogTests
{
    private static readonly DateTimeOffset _now = new(2024, 6, 30, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Segment_OfAVersion_StartsAtTheNewestCheckpointNotNewer()
    {
        var files = Files("0.json", "1.json", "2.json", "2.checkpoint.parquet", "3.json", "4.json", "4.checkpoint.parquet", "5.json");
        Assert.Equal((5L, 4L, 1), Shape(LogSegment.Of(files, null, "t")));
        Assert.Equal((3L, 2L, 1), Shape(LogSegment.Of(files, 3, "t")));
        Assert.Equal((1L, -1L, 2), Shape(LogSegment.Of(files, 1, "t")));
        Assert.Equal((4L, 4L, 0), Shape(LogSegment.Of(files, 4, "t")));
        Assert.Contains("newest is 5", Assert.Throws<TerminalException>(() => LogSegment.Of(files, 6, "t")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Segment_LogCleanedUp_CannotGoBeforeTheOldestCheckpoint()
    {
        var files = Files("4.checkpoint.parquet", "4.json", "5.json");
        Assert.Equal((5L, 4L, 1), Shape(LogSegment.Of(files, null, "t")));
        Assert.Throws<TerminalException>(() => LogSegment.Of(files, 3, "t"));
        Assert.Null(LogSegment.Of(Files(), null, "t"));
    }

    [Theory]
    [InlineData("00000000000000000012.json", "Commit", 12, 0)]
    [InlineData("00000000000000000012.checkpoint.parquet", "Checkpoint", 12, 1)]
    [InlineData("00000000000000000012.checkpoint.0000000002.0000000003.parquet", "Checkpoint", 12, 3)]
    [InlineData("00000000000000000012.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet", "V2Checkpoint", 12, 0)]
    [InlineData("00000000000000000012.crc", "Checksum", 12, 0)]
    [InlineData("00000000000000000004.00000000000000000006.compacted.json", "Compacted", 4, 0)]
    [InlineData("_last_checkpoint", "Other", 0, 0)]
    [InlineData("12.json", "Other", 0, 0)]
    [InlineData("00000000000000000012.json.tmp", "Other", 12, 0)]
    [InlineData("0000000000000000000x.json", "Other", 0, 0)]
    public void Names_OfLogFiles_AreUnderstood(string name, string kind, long version, int parts)
    {
        var file = LogPaths.Parse(new ObjectInfo(ObjectPath.Parse("t/_delta_log/" + name), 1, _now));
        Assert.Equal((kind, version, parts), (file.Kind.ToString(), file.Version, file.Parts));
    }

    [Fact]
    public void Cleanup_OldCommits_KeepsTheCheckpointThatCoversTheCutOff()
    {
        // A commit a day, a checkpoint every third.
        var files = new List<LogFile>();
        for (var version = 0; version < 12; version++)
        {
            files.Add(File($"{version}.json", _now.AddDays(version - 11)));
            if (version % 3 == 0 && version > 0)
                files.Add(File($"{version}.checkpoint.parquet", _now.AddDays(version - 11)));
        }

        // The newest commit of before that midnight is 7; checkpoint 6 is the newest not newer.
        var expired = LogCleanup.Expired(files, _now.AddDays(-3));
        Assert.Equal(
            ["0.json", "1.json", "2.json", "3.checkpoint.parquet", "3.json", "4.json", "5.json"],
            expired.Select(p => p.Name.TrimStart('0') is "" or ".json" ? "0.json" : p.Name.TrimStart('0')).Order());
        Assert.Empty(LogCleanup.Expired(files, _now.AddDays(-9)));
    }

    [Theory]
    [InlineData("interval 30 days", 30 * 24)]
    [InlineData("INTERVAL 1 week 12 hours", 180)]
    [InlineData("36 hours 90 minutes", 37.5)]
    [InlineData("90 minutes", 24)]
    public void Properties_Interval_IsRead(string text, double hours) =>
        Assert.Equal(TimeSpan.FromHours(hours), TableProperties.LogKept(Metadata("delta.logRetentionDuration", text)));

    [Theory]
    [InlineData("interval")]
    [InlineData("interval x days")]
    [InlineData("interval 3 fortnights")]
    [InlineData("3")]
    public void Properties_UnreadableInterval_IsRefusedWithItsName(string text) =>
        Assert.Contains(
            "delta.logRetentionDuration",
            Assert.Throws<TerminalException>(() => TableProperties.LogKept(Metadata("delta.logRetentionDuration", text))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Actions_WrittenAndRead_AreTheSame()
    {
        var file = new DeltaFile
        {
            Path = "d=%25/ä.parquet",
            PartitionValues = new Dictionary<string, string?> { ["d"] = null, ["e"] = "\"\\\n\u2028🙂" },
            Size = long.MaxValue,
            Stats = """{"numRecords":3,"minValues":{"a":"<'&+>"}}""",
            Tags = new Dictionary<string, string?> { ["k"] = "v" },
        };
        var bytes = ActionJson.Write(
            new CommitInfo { Operation = "WRITE", TxnId = "id", Timestamp = 5 },
            [new ActionLine { Add = file }, new ActionLine { Txn = new Txn { AppId = "a", Version = 7 } },
                new ActionLine { Remove = RemoveFile.Of(file, _now, true) }]);
        var lines = Encoding.UTF8.GetString(bytes).TrimEnd('\n').Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("""{"commitInfo":{"timestamp":5,"operation":"WRITE",""", lines[0], StringComparison.Ordinal);

        var read = ActionJson.Read(bytes, "test");
        Assert.Equal("id", new Commit(0, read).TransactionId);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(5), new Commit(0, read).Timestamp);
        var add = read[1].Add!;
        Assert.Equal((file.Path, file.Size, file.Stats, 3L), (add.Path, add.Size, add.Stats, add.NumRecords));
        Assert.Equal(file.PartitionValues, add.PartitionValues);
        Assert.Equal(file.Tags, add.Tags);
        Assert.Equal(7, read[2].Txn!.Version);
        Assert.Equal(_now.ToUnixTimeMilliseconds(), read[3].Remove!.DeletionTimestamp);
    }

    [Theory]
    [InlineData("plain/a=b/c-d_e.f~1", "plain/a=b/c-d_e.f~1")]
    [InlineData("sp ace/100%/ü", "sp%20ace/100%25/%C3%BC")]
    [InlineData("🙂", "%F0%9F%99%82")]
    public void UriPath_Encode_IsUndoneByDecode(string path, string encoded)
    {
        Assert.Equal(encoded, UriPath.Encode(path));
        Assert.Equal(path, UriPath.Decode(encoded));
    }

    private static (long Version, long Checkpoint, int Commits) Shape(LogSegment? segment) =>
        (segment!.Version, segment.CheckpointVersion, segment.Commits.Count);

    private static List<LogFile> Files(params string[] names) => [.. names.Select(n => File(n, _now))];

    private static LogFile File(string name, DateTimeOffset modified) =>
        LogPaths.Parse(new ObjectInfo(ObjectPath.Parse($"t/_delta_log/{name[..Dot(name)].PadLeft(20, '0')}{name[Dot(name)..]}"), 1, modified));

    private static int Dot(string name) => name.IndexOf('.', StringComparison.Ordinal);

    private static Metadata Metadata(string key, string value) =>
        new() { Id = "i", SchemaString = "", Configuration = new Dictionary<string, string?> { [key] = value } };
}
