using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pipeline.Postgres;
using Pipeline.Testing;

namespace Pipeline.EventLog.Tests.Postgres;

/// <summary>PostgreSQL dies under load, again and again. What was acknowledged is there, exactly once, where it was said to be.</summary>
public sealed class PostgresCrashTests : IAsyncLifetime, IDisposable
{
    private const string Topic = "crashing";
    private const int Partitions = 3;

    private readonly TempDirectory _directory = new();
    private PrivatePostgres _server = null!;

    public async Task InitializeAsync()
    {
        _server = await StartAsync(port: 0);
        await using var dataSource = NpgsqlDataSource.Create(_server.ConnectionString);
        await Migrator.MigrateAsync(dataSource, "eventlog", typeof(IEventLog).Assembly, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await _server.DisposeAsync();
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Append_ServerKilledAtRandomMoments_KeepsAllThatWasAcknowledgedOnceAndInPlace()
    {
        const int Kills = 6;
        var random = new Random(11);
        await using var log = PostgresLogHarness.Create(_server.ConnectionString);
        await log.EnsureTopicAsync(new TopicDefinition(Topic, Partitions));
        var acknowledged = new ConcurrentDictionary<RecordPosition, string>();
        using var stop = new CancellationTokenSource();
        var failures = 0;
        var writers = Enumerable.Range(0, 6).Select(w => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var records = Enumerable.Range(0, (w % 3 * 4) + 1).Select(n => $"{w}:{i}:{n}").ToArray();
                var positions = new RecordPosition[records.Length];
                try
                {
                    await log.AppendAsync(Topic, [.. records.Select(r => new NewRecord(Encoding.UTF8.GetBytes(r), Encoding.UTF8.GetBytes(r)))], positions);
                    foreach (var (position, record) in positions.Zip(records))
                        Assert.True(acknowledged.TryAdd(position, record), $"{position} was given twice");
                }
                catch (TransientException)
                {
                    Interlocked.Increment(ref failures);
                    await Task.Delay(5);
                }
            }
        })).ToList();

        await using var consumer = await log.SubscribeAsync(new ConsumerDefinition(Topic, "g", SessionTimeout: TimeSpan.FromMinutes(5)));
        var consumed = new List<(RecordPosition Position, string Text)>();
        var reading = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                consumed.AddRange(await ReadAsync(consumer));
        });

        for (var kill = 0; kill < Kills; kill++)
        {
            var count = acknowledged.Count;
            await Eventually.TrueAsync(() => acknowledged.Count > count + 50, describe: () => $"{acknowledged.Count} acknowledged, {failures} failures");
            await Task.Delay(random.Next(100));
            if (kill % 2 == 0)
                await KillBackendAsync();
            else
                await KillServerAsync();
        }

        var last = acknowledged.Count;
        await Eventually.TrueAsync(() => acknowledged.Count > last + 50);
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await reading;

        var stored = new Dictionary<RecordPosition, string>();
        for (var partition = 0; partition < Partitions; partition++)
        {
            for (long next = 0; ;)
            {
                using var batch = await log.ReadAsync(Topic, partition, next);
                if (batch.Count == 0)
                    break;
                Assert.Equal(next, batch.BaseOffset);
                foreach (var record in batch)
                    stored.Add(new RecordPosition(partition, record.Offset), Encoding.UTF8.GetString(record.Value));
                next = batch.NextOffset;
            }
        }

        Assert.All(acknowledged, a => Assert.Equal(a.Value, stored[a.Key]));
        Assert.Equal(stored.Count, stored.Values.Distinct().Count());
        foreach (var append in stored.Values.Select(v => v.Split(':')).GroupBy(p => (Writer: p[0], Number: p[1])))
            Assert.Equal((int.Parse(append.Key.Writer) % 3 * 4) + 1, append.Count());

        while (consumed.Count < stored.Count)
            consumed.AddRange(await ReadAsync(consumer));
        Assert.Equal(stored.Count, consumed.Select(c => c.Position).Distinct().Count());
        Assert.All(consumed, c => Assert.Equal(stored[c.Position], c.Text));
        Assert.Equal(stored.Count, consumed.Count);
    }

    [Fact]
    public async Task Append_ServerIsAway_FailsAtOnceAndWorksAgainWhenItIsBack()
    {
        await using var log = PostgresLogHarness.Create(_server.ConnectionString);
        await log.EnsureTopicAsync(new TopicDefinition(Topic, Partitions));
        await log.AppendAsync(Topic, default);
        var port = _server.Port;
        await _server.StopAsync();
        await Assert.ThrowsAsync<TransientException>(async () => await log.AppendAsync(Topic, default));
        await Assert.ThrowsAsync<TransientException>(async () => await log.PingAsync());
        await Assert.ThrowsAsync<TransientException>(async () => await log.ReadAsync(Topic, 0, 0));
        await Assert.ThrowsAsync<TransientException>(async () => await log.GetTopicsAsync());

        _server = await StartAsync(port);
        await Eventually.TrueAsync(async () =>
        {
            await log.AppendAsync(Topic, default);
            return true;
        });
        await log.PingAsync();
        Assert.Equal(2, Assert.Single(await log.GetTopicsAsync()).Partitions.Sum(p => p.EndOffset));
    }

    private static async Task<List<(RecordPosition Position, string Text)>> ReadAsync(IConsumer consumer)
    {
        var records = new List<(RecordPosition, string)>();
        try
        {
            using var batch = await consumer.ReadAsync(TimeSpan.FromMilliseconds(50));
            if (batch is null)
                return records;
            foreach (var record in batch)
                records.Add((new RecordPosition(batch.Partition, record.Offset), Encoding.UTF8.GetString(record.Value)));
        }
        catch (TransientException)
        {
            await Task.Delay(5);
        }

        return records;
    }

    /// <summary>A backend that dies makes the server throw all connections out and recover.</summary>
    private async Task KillBackendAsync()
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        using var backend = Process.GetProcessById(connection.ProcessID);
        backend.Kill();
        await backend.WaitForExitAsync();
    }

    private async Task KillServerAsync()
    {
        var port = _server.Port;
        using var server = Process.GetProcessById(_server.ProcessId);
        server.Kill();
        await server.WaitForExitAsync();
        await _server.StopAsync();
        _server = await StartAsync(port);
    }

    private Task<PrivatePostgres> StartAsync(int port)
    {
        var options = new PrivatePostgresOptions
        {
            DataDirectory = _directory.FullPath,
            Port = port,
            StopWithParent = true,

            // The kernel survives, so what was written is kept without fsync.
            Settings = new Dictionary<string, string> { ["fsync"] = "off" },
        };
        return PrivatePostgres.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
    }
}
