using FsCheck;
using FsCheck.Fluent;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

/// <summary>Random sequences of operations against a list of row sets, one a version.</summary>
public sealed class ModelTests : IDisposable
{
    private static readonly string[] _regions = ["north", "so uth/ö%", "", "it's [x]*?"];

    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
    private readonly DuckConnection _connection;

    public ModelTests() => _connection = _database.Connect();

    private enum Kind
    {
        Append,
        AppendOnePartition,
        AppendNewColumn,
        Overwrite,
        OverwritePartitions,
        Compact,
        Checkpoint,
        Vacuum,
        Reopen,
        TimeTravel,
    }

    [Fact]
    public void Operations_InAnyOrder_GiveTheRowsOfTheModel() =>
        Prop.ForAll(Sequences().ToArbitrary(), steps =>
        {
            RunAsync(steps).GetAwaiter().GetResult();
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(15).WithStartSize(4).WithEndSize(24));

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    private static Gen<List<Step>> Sequences() =>
        Gen.ListOf(
            from kind in Gen.Frequency(
                (5, Gen.Constant(Kind.Append)),
                (3, Gen.Constant(Kind.AppendOnePartition)),
                (1, Gen.Constant(Kind.AppendNewColumn)),
                (1, Gen.Constant(Kind.Overwrite)),
                (2, Gen.Constant(Kind.OverwritePartitions)),
                (2, Gen.Constant(Kind.Compact)),
                (1, Gen.Constant(Kind.Checkpoint)),
                (1, Gen.Constant(Kind.Vacuum)),
                (2, Gen.Constant(Kind.Reopen)),
                (3, Gen.Constant(Kind.TimeTravel)))
            from a in Gen.Choose(0, 1000)
            from rows in Gen.Choose(1, 6)
            select new Step(kind, a, rows)).Select(l => l.ToList());

    private async Task RunAsync(List<Step> steps)
    {
        using var folder = new TempFolder();
        LakeCatalog Open() => Lakes.Open(new FolderObjectStore(folder.Path), null, new LakeOptions { EngineThreads = 1, CheckpointInterval = 3 });
        var lake = Open();
        try
        {
            await lake.Table("t").CreateIfNotExistsAsync(new DeltaTableDefinition
            {
                Schema = new DeltaSchema(new DeltaField("id", DeltaType.Long), new DeltaField("region", DeltaType.String)),
                PartitionColumns = ["region"],
            });
            var versions = new List<List<Row>> { new() };
            var oldestReadable = 0;
            var next = 0L;
            foreach (var step in steps)
            {
                var table = lake.Table("t");
                var current = versions[^1];
                switch (step.Kind)
                {
                    case Kind.Append or Kind.AppendOnePartition or Kind.AppendNewColumn:
                        var rows = Rows(step, ref next);
                        var options = new DeltaWriteOptions { AddColumns = step.Kind == Kind.AppendNewColumn, ExpectOnePartition = step.A % 2 == 0 };
                        await table.AppendAsync(_connection, Select(rows, step.Kind == Kind.AppendNewColumn), options);
                        versions.Add([.. current, .. rows]);
                        break;
                    case Kind.Overwrite or Kind.OverwritePartitions:
                        var written = Rows(step, ref next);
                        var files = await table.WriteFilesAsync(_connection, Select(written, false));
                        var scope = step.Kind == Kind.Overwrite ? OverwriteScope.Table : OverwriteScope.Partitions;
                        await table.OverwriteAsync(new DeltaOverwrite { Files = files.Files, Scope = scope });
                        var replaced = written.Select(r => r.Region).ToHashSet();
                        versions.Add(scope == OverwriteScope.Table ? written : [.. current.Where(r => !replaced.Contains(r.Region)), .. written]);
                        break;
                    case Kind.Compact:
                        if ((await table.CompactAsync(new DeltaCompaction { MinFiles = 2 + (step.A % 2) })).FilesRemoved > 0)
                            versions.Add(current);
                        break;
                    case Kind.Checkpoint:
                        await table.CheckpointAsync();
                        break;
                    case Kind.Vacuum:
                        await table.VacuumAsync(new DeltaVacuum { Retention = TimeSpan.Zero, AllowShortRetention = true });
                        oldestReadable = versions.Count - 1;
                        break;
                    case Kind.Reopen:
                        lake.Dispose();
                        lake = Open();
                        break;
                    case Kind.TimeTravel:
                        var version = oldestReadable + (step.A % (versions.Count - oldestReadable));
                        await VerifyAsync(await table.SnapshotAsync(version), version, versions[version]);
                        break;
                }

                await VerifyAsync(await lake.Table("t").SnapshotAsync(), versions.Count - 1, versions[^1]);
            }
        }
        finally
        {
            lake.Dispose();
        }
    }

    private static List<Row> Rows(Step step, ref long next)
    {
        var rows = new List<Row>();
        for (var i = 0; i < step.Rows; i++)
        {
            var region = _regions[(step.Kind == Kind.AppendOnePartition ? step.A : step.A + i) % _regions.Length];
            // The empty text is the null partition.
            rows.Add(new Row(next, region.Length == 0 ? null : region, step.Kind == Kind.AppendNewColumn ? $"v{next}" : null));
            next++;
        }

        return rows;
    }

    private static string Select(List<Row> rows, bool extra) => string.Join(" UNION ALL ", rows.Select(
        r => $"SELECT {r.Id}::BIGINT AS id, {(r.Region is null ? "''" : Sql.Literal(r.Region))} AS region"
            + (extra ? $", {Sql.Literal(r.Extra!)} AS extra" : "")));

    private async Task VerifyAsync(DeltaSnapshot snapshot, int version, List<Row> expected)
    {
        Assert.Equal(version, snapshot.Version);
        Assert.Equal(expected.Count, snapshot.RowCount);
        await snapshot.CreateViewAsync(_connection, "v");
        var extra = snapshot.Schema.Find("extra") is null ? "NULL" : "extra";
        var actual = _connection.Texts($"SELECT concat_ws('|', id, coalesce(region, '-'), coalesce({extra}, '-')) FROM v ORDER BY id");
        Assert.Equal(expected.OrderBy(r => r.Id).Select(r => $"{r.Id}|{r.Region ?? "-"}|{r.Extra ?? "-"}"), actual);
    }

    private sealed record Step(Kind Kind, int A, int Rows);

    private sealed record Row(long Id, string? Region, string? Extra);
}
