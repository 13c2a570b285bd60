using Npgsql;
using Pipeline.EventLog.Postgres;
using Pipeline.Testing;

namespace Pipeline.EventLog.Tests.Postgres;

/// <summary>What holds for the PostgreSQL adapter beside the conformance suite.</summary>
public sealed class PostgresLogTests(PostgresLogHarness harness) : IClassFixture<PostgresLogHarness>, IAsyncLifetime
{
    private readonly string _topic = $"topic-{Guid.NewGuid():N}";
    private PostgresEventLog _log = null!;
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        _log = PostgresLogHarness.Create(harness.ConnectionString);
        _database = NpgsqlDataSource.Create(harness.ConnectionString);
        await _log.EnsureTopicAsync(new TopicDefinition(_topic, 2));
    }

    public async Task DisposeAsync()
    {
        await _log.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Append_ManyFlushes_ChangesNoRowThatAllFlushesShare()
    {
        var before = await ScalarAsync<string>("SELECT string_agg(ctid::text, ' ' ORDER BY topic_id) FROM log.topics");
        for (var i = 0; i < 100; i++)
            await AppendAsync(_log);
        Assert.Equal(before, await ScalarAsync<string>("SELECT string_agg(ctid::text, ' ' ORDER BY topic_id) FROM log.topics"));
    }

    [Fact]
    public async Task Append_RecordsThatFitAPage_NeedNoToast()
    {
        var records = Enumerable.Range(0, 1_000).Select(i => new NewRecord("k"u8.ToArray(), new byte[i * 8])).ToArray();
        await _log.AppendAsync(_topic, records, new RecordPosition[records.Length]);
        var toast = await ScalarAsync<long>(
            "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = (SELECT ('log.batches_' || chunk_id)::regclass FROM log.topics WHERE name = $1)",
            _topic);
        Assert.Equal(0, toast);
    }

    /// <summary>After errors such as a full disk the driver gives the connection up without a word.</summary>
    [Fact]
    public async Task Append_WhileTheServersDiskIsFull_FailsAndGoesOnWithTheFirstOneAfterIt()
    {
        await AppendAsync(_log);
        var chunk = await ScalarAsync<int>("SELECT chunk_id FROM log.topics WHERE name = $1", _topic);
        await using (var full = _database.CreateCommand($"""
            CREATE FUNCTION log.full_{chunk}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''no space''; END';
            CREATE TRIGGER full_{chunk} BEFORE INSERT ON log.batches_{chunk} EXECUTE FUNCTION log.full_{chunk}()
            """))
            await full.ExecuteNonQueryAsync();
        for (var i = 0; i < 3; i++)
        {
            var error = await Assert.ThrowsAsync<TransientException>(async () => await AppendAsync(_log));
            Assert.Contains("no space", error.ToString(), StringComparison.Ordinal);
        }

        await using (var space = _database.CreateCommand($"DROP TRIGGER full_{chunk} ON log.batches_{chunk}"))
            await space.ExecuteNonQueryAsync();
        await AppendAsync(_log);
    }

    [Fact]
    public async Task Append_ChunkClosedAndDroppedSinceTheLastOne_GoesToTheOpenChunk()
    {
        var topic = $"{_topic}-short";
        await _log.EnsureTopicAsync(new TopicDefinition(topic, 1, new RetentionPolicy(MaxBytes: 1)));
        await using var other = PostgresLogHarness.Create(harness.ConnectionString);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(2 * i, (await _log.AppendAsync(topic, default)).Offset);
            await harness.RetainAsync(1);
            Assert.Equal((2 * i) + 1, (await other.AppendAsync(topic, default)).Offset);
            await harness.RetainAsync(1);
        }

        Assert.Equal(1, await ScalarAsync<long>("SELECT count(*) FROM log.chunks JOIN log.topics USING (topic_id) WHERE name = $1", topic));
        Assert.Equal(0, await ScalarAsync<long>(
            "SELECT count(*) FROM pg_proc WHERE proname ~ '^append_' AND NOT EXISTS (SELECT FROM log.chunks WHERE proname = 'append_' || chunk_id)"));
    }

    [Fact]
    public async Task Append_ToSeveralTopicsAtOnce_IsOneFlushAndEachGetsItsOwn()
    {
        var topics = Enumerable.Range(0, 5).Select(i => $"{_topic}-{i}").ToList();
        foreach (var topic in topics)
            await _log.EnsureTopicAsync(new TopicDefinition(topic, 1));
        var positions = await Task.WhenAll(
            Enumerable.Range(0, 100).Select(i => _log.AppendAsync(topics[i % 5], new NewRecord(default, BitConverter.GetBytes(i))).AsTask()));
        for (var t = 0; t < 5; t++)
        {
            using var batch = await _log.ReadAsync(topics[t], 0, 0);
            Assert.Equal(20, batch.Count);
            foreach (var record in batch)
            {
                var i = BitConverter.ToInt32(record.Value);
                Assert.Equal((t, record.Offset), (i % 5, positions[i].Offset));
            }
        }
    }

    [Fact]
    public async Task Consumer_NotificationIsLost_FindsTheRecordsByItself()
    {
        var options = new PostgresLogOptions { RecheckInterval = TimeSpan.FromMilliseconds(100) };
        await using var reader = PostgresLogHarness.Create(harness.ConnectionString, options);
        await using var consumer = await reader.SubscribeAsync(new ConsumerDefinition(_topic, "g"));
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero));
        await using var silent = PostgresLogHarness.Create(harness.ConnectionString, new PostgresLogOptions { NotifyInterval = TimeSpan.FromHours(1) });
        await AppendAsync(silent);
        using var first = await consumer.ReadAsync(TimeSpan.FromSeconds(30));
        await AppendAsync(silent);
        using var second = await consumer.ReadAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, second?.Count);
    }

    [Fact]
    public async Task Consumer_ListenerIsCutOff_GoesOnAfterIt()
    {
        await using var reader = PostgresLogHarness.Create(harness.ConnectionString, new PostgresLogOptions { RecheckInterval = TimeSpan.FromMinutes(5) });
        await using var consumer = await reader.SubscribeAsync(new ConsumerDefinition(_topic, "g"));
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero));
        const string Connections = "pg_stat_activity WHERE datname = current_database() AND application_name = 'pipeline-log'";
        for (var i = 0; i < 3; i++)
        {
            await Eventually.TrueAsync(async () => await ScalarAsync<long>($"SELECT count(*) FROM {Connections} AND query LIKE '%log.ends%'") > 0);
            await ScalarAsync<long>($"SELECT count(pg_terminate_backend(pid)) FROM {Connections}");
            await Eventually.TrueAsync(async () =>
            {
                try
                {
                    await AppendAsync(_log);
                    return true;
                }
                catch (TransientException)
                {
                    return false;
                }
            });
            using var batch = await ReadRepeatedlyAsync(consumer);
            Assert.True(batch.Count > 0);
        }
    }

    [Fact]
    public async Task Read_FromMemoryAndFromTheStore_IsTheSame()
    {
        await using var consumer = await _log.SubscribeAsync(new ConsumerDefinition(_topic, "g"));
        Assert.Null(await consumer.ReadAsync(TimeSpan.Zero));
        await using var stored = PostgresLogHarness.Create(harness.ConnectionString, new PostgresLogOptions { TailCacheBytes = 0 });
        var random = new Random(3);
        for (var i = 0; i < 30; i++)
        {
            var records = Enumerable.Range(0, random.Next(1, 40)).Select(n => new NewRecord(BitConverter.GetBytes(n), new byte[random.Next(600)])).ToArray();
            await (i % 7 == 6 ? stored : _log).AppendAsync(_topic, records, new RecordPosition[records.Length]);
            for (var partition = 0; partition < 2; partition++)
            {
                var offset = random.Next(200);
                var maxBytes = random.Next(1, 20_000);
                using var a = await _log.ReadAsync(_topic, partition, offset, maxBytes);
                using var b = await stored.ReadAsync(_topic, partition, offset, maxBytes);
                Assert.Equal(a.BaseOffset, b.BaseOffset);
                var common = Math.Min(a.Count, b.Count);
                Assert.True(common > 0 || a.Count == b.Count);
                Assert.True(a.Data.Span[..RecordCodec.Skip(a.Data.Span, common)].SequenceEqual(b.Data.Span[..RecordCodec.Skip(b.Data.Span, common)]));
            }
        }
    }

    [Fact]
    public async Task Retention_CutOffBeforeTheTableWasDropped_IsFinishedByTheNextRun()
    {
        var topic = $"{_topic}-cut";
        await _log.EnsureTopicAsync(new TopicDefinition(topic, 1));
        await _log.AppendAsync(topic, default);
        var chunk = await ScalarAsync<int>("SELECT chunk_id FROM log.topics WHERE name = $1", topic);
        await ScalarAsync<int>($"SELECT log.roll_chunk({chunk}, 1)");
        Assert.True(await ScalarAsync<bool>($"SELECT log.drop_chunk({chunk}, true)"));
        Assert.True(await ScalarAsync<bool>($"SELECT to_regclass('log.batches_{chunk}') IS NOT NULL"));
        await harness.RetainAsync(1 << 30);
        Assert.True(await ScalarAsync<bool>($"SELECT to_regclass('log.batches_{chunk}') IS NULL"));
        Assert.Equal(1, (await _log.AppendAsync(topic, default)).Offset);
    }

    [Fact]
    public async Task Retention_TwoProcessesAtOnce_OneDoesIt()
    {
        await using var other = PostgresLogHarness.Create(harness.ConnectionString);
        await using var connection = await _database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("SELECT pg_advisory_lock(hashtextextended('pipeline.log.retention', 0))", connection);
        await command.ExecuteNonQueryAsync();
        Assert.False(await other.Chunks.RunAsync(CancellationToken.None));
        command.CommandText = "SELECT pg_advisory_unlock_all()";
        await command.ExecuteNonQueryAsync();
        Assert.True(await other.Chunks.RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Dispose_WithAppendsWaiting_WritesThem()
    {
        var log = PostgresLogHarness.Create(harness.ConnectionString);
        await log.EnsureTopicAsync(new TopicDefinition(_topic, 2));
        var appends = Enumerable.Range(0, 1_000).Select(_ => log.AppendAsync(_topic, new NewRecord(default, new byte[1_000])).AsTask()).ToList();
        await log.DisposeAsync();
        Assert.All(await Task.WhenAll(appends), p => Assert.InRange(p.Offset, 0, 999));
        await Assert.ThrowsAsync<TransientException>(async () => await log.AppendAsync(_topic, default));
    }

    private async Task AppendAsync(IEventLog log) => await log.AppendAsync(_topic, new NewRecord("k"u8.ToArray(), "v"u8.ToArray()));

    private static async Task<RecordBatch> ReadRepeatedlyAsync(IConsumer consumer) => await Eventually.ResultAsync(async () =>
    {
        try
        {
            return await consumer.ReadAsync(TimeSpan.FromSeconds(1));
        }
        catch (TransientException)
        {
            return null;
        }
    });

    private async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = _database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
