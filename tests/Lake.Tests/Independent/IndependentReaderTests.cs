using Pipeline.DuckDb;
using Pipeline.Lake.Tests.S3;
using Pipeline.Testing;

namespace Pipeline.Lake.Tests.Independent;

/// <summary>
/// Another program's reader sees in our tables what was written and what our reader sees: after every kind of commit, in every version, from a folder and
/// from S3.
/// </summary>
[Collection(GatewayCollection.Name)]
public sealed class IndependentReaderTests(RadosGateway gateway, ClickHouse clickHouse) : IClassFixture<ClickHouse>, IDisposable
{
    private const string Key = "id BIGINT, name VARCHAR, day DATE";

    private static readonly DeltaSchema _schema = new(
        new DeltaField("id", DeltaType.Long), new DeltaField("name", DeltaType.String), new DeltaField("day", DeltaType.Date));

    private readonly TempFolder _folder = new();
    private readonly DuckDatabase _database = DuckDatabase.Open(new DuckOptions { Threads = 1 });
    private readonly List<IDisposable> _opened = [];

    public static TheoryData<string> Places => ["folder", "S3"];

    [SkippableTheory]
    [MemberData(nameof(Places))]
    public async Task Reader_AfterEachKindOfCommit_SeesWhatWasWritten(string place)
    {
        var test = await OpenAsync(place, new DeltaTableDefinition
        {
            Schema = _schema,
            PartitionColumns = ["day"],
            Configuration = new Dictionary<string, string?> { ["delta.checkpointInterval"] = "4" },
        });

        await test.AppendAsync("SELECT i AS id, 'first ' || i AS name, DATE '2024-01-01' + (i % 3)::INT AS day FROM range(30) r(i)");
        await test.AppendAsync("SELECT i AS id, 'with null day' AS name, NULL::DATE AS day FROM range(100, 105) r(i)");
        await test.AppendAsync("SELECT i AS id, ['', 'é', '🙂', 'tab\t', 'quote'' \" \\', NULL][1 + i % 6] AS name, DATE '1969-12-31' AS day "
            + "FROM range(200, 212) r(i)");
        await test.MergeAsync("SELECT i AS id, 'merged ' || i AS name, DATE '2024-02-01' AS day FROM range(20, 40) r(i)");
        await test.AppendAsync(
            "SELECT i AS id, DATE '2024-01-01' AS day, (i * 0.25)::DECIMAL(9,2) AS price, "
            + "TIMESTAMPTZ '2024-01-01 10:00:00.123456+00' + INTERVAL (i) MINUTE AS \"at\", i % 2 = 0 AS even, "
            + "CASE WHEN i % 3 > 0 THEN [i, i + 1] END AS list FROM range(300, 310) r(i)",
            addColumns: true);
        await test.CompactAsync();
        await test.OverwritePartitionsAsync("SELECT i AS id, 'replaced' AS name, DATE '2024-01-02' AS day FROM range(400, 403) r(i)");
        for (var i = 0; i < 3; i++)
            await test.AppendAsync($"SELECT {500 + i} AS id, 'after' AS name, DATE '2024-03-0{1 + i}' AS day");
        await test.CompareVersionsAsync();

        // Only the newest checkpoint and what came after it are there: the reader must take it.
        await test.DropLogBeforeCheckpointAsync();
        await test.CompareAsync();
        await test.VacuumAsync();
        await test.CompareAsync();
        await test.OverwriteAllAsync("SELECT 1 AS id, 'all' AS name, DATE '2024-01-01' AS day");
        await test.OverwriteAllAsync(null);
    }

    [SkippableTheory]
    [MemberData(nameof(Places))]
    public async Task Reader_TableWithoutPartitionsOfManyFiles_SeesAllRows(string place)
    {
        var test = await OpenAsync(place, new DeltaTableDefinition { Schema = _schema });
        for (var i = 0; i < 12; i++)
        {
            await test.AppendAsync(
                $"SELECT i AS id, md5(i::VARCHAR) AS name, DATE '2024-01-01' + (i // 97)::INT AS day FROM range({i * 1000}, {(i * 1000) + 1000}) r(i)");
        }


        await test.CompactAsync();
        await test.AppendAsync("SELECT 99999 AS id, NULL::VARCHAR AS name, NULL::DATE AS day");
    }

    [SkippableTheory]
    [MemberData(nameof(Places))]
    public async Task Reader_PartitionsOfOddNames_SeesThem(string place)
    {
        var test = await OpenAsync(place, new DeltaTableDefinition { Schema = _schema, PartitionColumns = ["name"] });
        await test.AppendAsync(
            "SELECT i AS id, ['a b', 'a/b', 'a%20b', 'a=b', 'é🙂', '100%', 'x+y', '..', '#?&', NULL, '2024-01-01 10:00:00'][1 + i % 11] AS name, "
            + "DATE '2024-01-01' AS day FROM range(22) r(i)");
        await test.AppendAsync("SELECT i AS id, ['a b', 'a/b', NULL][1 + i % 3] AS name, DATE '2024-01-01' AS day FROM range(100, 106) r(i)");
        await test.CompactAsync();
    }

    public void Dispose()
    {
        foreach (var opened in _opened)
            opened.Dispose();
        _database.Dispose();
        _folder.Dispose();
    }

    private async Task<TableUnderTest> OpenAsync(string place, DeltaTableDefinition definition)
    {
        Skip.If(ClickHouse.Missing is not null, ClickHouse.Missing);
        IObjectStore store;
        string source;
        if (place == "S3")
        {
            var lake = new S3Lake(gateway);
            store = lake.Open();
            source = $"deltaLake('{gateway.Url(lake.ConnectionString, "raw/t")}/', '{gateway.AccessKey}', '{gateway.SecretKey}')";
            _opened.Add(lake);
        }
        else
        {
            store = new FolderObjectStore(_folder.Path);
            source = $"deltaLakeLocal('{_folder.Path}/raw/t/')";
        }

        var catalog = Lakes.Open(store);
        _opened.Insert(0, catalog);
        var connection = _database.Connect();
        _opened.Insert(0, connection);
        connection.Execute($"CREATE OR REPLACE TABLE expected ({Key})");
        var test = new TableUnderTest(store, catalog.Table("raw/t"), connection, clickHouse, source);
        await test.Table.CreateIfNotExistsAsync(definition);
        return test;
    }

    /// <summary>A table, what should be in it, and how the other program reads it.</summary>
    private sealed class TableUnderTest(IObjectStore store, DeltaTable table, DuckConnection connection, ClickHouse clickHouse, string source)
    {
        private readonly SortedDictionary<long, List<string>> _versions = [];

        public DeltaTable Table => table;

        public async Task AppendAsync(string select, bool addColumns = false)
        {
            await table.AppendAsync(connection, select, new DeltaWriteOptions { AddColumns = addColumns });
            Expect("true", select);
            await CompareAsync();
        }

        public async Task MergeAsync(string select)
        {
            await table.MergeAsync(connection, select, new DeltaMerge { Keys = ["id"] });
            Expect($"id NOT IN (SELECT id FROM ({select}))", select);
            await CompareAsync();
        }

        public async Task CompactAsync()
        {
            Assert.True((await table.CompactAsync()).FilesRemoved > 0);
            await CompareAsync();
        }

        public async Task OverwritePartitionsAsync(string select)
        {
            var written = await table.WriteFilesAsync(connection, select);
            await table.OverwriteAsync(new DeltaOverwrite { Files = written.Files, Scope = OverwriteScope.Partitions });
            Expect($"day IS NULL OR day NOT IN (SELECT day FROM ({select}))", select);
            await CompareAsync();
        }

        public async Task OverwriteAllAsync(string? select)
        {
            var files = select is null ? [] : (await table.WriteFilesAsync(connection, select)).Files;
            await table.OverwriteAsync(new DeltaOverwrite { Files = files });
            Expect("false", select ?? "SELECT * FROM expected WHERE false");
            await CompareAsync();
        }

        public async Task VacuumAsync()
        {
            var result = await table.VacuumAsync(new DeltaVacuum { Retention = TimeSpan.Zero, AllowShortRetention = true });
            Assert.NotEmpty(result.Files);
        }

        public async Task DropLogBeforeCheckpointAsync()
        {
            await table.CheckpointAsync();
            var version = (await table.SnapshotAsync()).Version;
            var log = ObjectPath.Parse($"{table.Path}/_delta_log");
            var old = await store.ListAsync(log).Where(i => i.Path.Name.CompareTo($"{version:D20}") < 0).Select(i => i.Path).ToListAsync();
            Assert.NotEmpty(old);
            await store.DeleteAsync(old);
        }

        /// <summary>The newest version: ours and theirs against what was written.</summary>
        public async Task CompareAsync()
        {
            var snapshot = await table.SnapshotAsync();
            var columns = snapshot.Schema.Fields.Select(f => f.Name).ToList();
            var expected = connection.Texts($"SELECT {DuckText(columns)} FROM expected ORDER BY 1");
            _versions[snapshot.Version] = expected;
            Assert.Equal(expected, await OursAsync(snapshot, columns));
            Assert.Equal(expected, await TheirsAsync(columns, null));
        }

        /// <summary>Every version that was compared when it was the newest, read back now.</summary>
        public async Task CompareVersionsAsync()
        {
            Assert.Equal([$"{_versions.Last().Value.Count}"], await clickHouse.RowsAsync($"SELECT count() FROM (SELECT * FROM {source})"));
            foreach (var (version, expected) in _versions)
            {
                var snapshot = await table.SnapshotAsync(version);
                var columns = snapshot.Schema.Fields.Select(f => f.Name).ToList();
                Assert.Equal(expected, await OursAsync(snapshot, columns));
                Assert.Equal(expected, await TheirsAsync(columns, version));
            }
        }

        private void Expect(string kept, string added) =>
            connection.Execute($"CREATE OR REPLACE TABLE expected AS SELECT * FROM expected WHERE {kept} UNION ALL BY NAME SELECT * FROM ({added})");

        private async Task<List<string>> OursAsync(DeltaSnapshot snapshot, List<string> columns)
        {
            await snapshot.CreateViewAsync(connection, "ours");
            return connection.Texts($"SELECT {DuckText(columns)} FROM ours ORDER BY 1");
        }

        private async Task<List<string>> TheirsAsync(List<string> columns, long? version)
        {
            var settings = version is null ? "" : $" SETTINGS delta_lake_snapshot_version = {version}";
            var rows = await clickHouse.RowsAsync($"SELECT hex({ClickHouseText(columns)}) AS t FROM {source}{settings}");
            var texts = rows.Select(r => System.Text.Encoding.UTF8.GetString(Convert.FromHexString(r))).ToList();

            // As DuckDB sorts: by bytes.
            texts.Sort((a, b) => System.Text.Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(b)));
            return texts;
        }

        // One text a row, of forms that both engines write alike.
        private static string DuckText(List<string> columns) =>
            string.Join(" || '|' || ", columns.Select(c => $"coalesce({DuckValue(c)}, 'NULL')"));

        private static string ClickHouseText(List<string> columns) =>
            string.Join(" || '|' || ", columns.Select(c => $"coalesce({ClickHouseValue(c)}, 'NULL')"));

        private static string DuckValue(string column) => column switch
        {
            "price" => "CAST(CAST(price * 100 AS BIGINT) AS VARCHAR)",
            "at" => "epoch_us(\"at\")::VARCHAR",
            "list" => "array_to_string(list, ',')",
            _ => $"CAST({Sql.Identifier(column)} AS VARCHAR)",
        };

        private static string ClickHouseValue(string column) => column switch
        {
            "price" => "toString(toInt64(price * 100))",
            "at" => "toString(toUnixTimestamp64Micro(at))",

            // ClickHouse has no null array: it reads an empty one.
            "list" => "if(empty(list), NULL, arrayStringConcat(arrayMap(x -> toString(x), list), ','))",
            _ => $"toString({column})",
        };
    }
}
