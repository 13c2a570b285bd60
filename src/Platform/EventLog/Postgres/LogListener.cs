using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pipeline.EventLog.Postgres;

/// <summary>
/// Learns what other processes append and how groups change: one connection that listens, for all consumers of the process. Runs from the first
/// consumer on. Nothing depends on a notification: end offsets are also looked up at a long interval and after each reconnect.
/// </summary>
internal sealed class LogListener(
    NpgsqlDataSource dataSource, TopicCatalog topics, Func<int> writerProcess, PostgresLogOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan _backoff = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<int, Signal[]> _groups = [];
    private readonly HashSet<int> _changed = [];
    private Task? _loop;

    /// <summary>From now on <paramref name="data"/> is set when the topic has news, <paramref name="group"/> when the group has.</summary>
    public void Subscribe(Topic topic, Signal data, int groupId, Signal group)
    {
        topic.Subscribe(data);
        lock (_lock)
        {
            _groups[groupId] = [.. _groups.GetValueOrDefault(groupId, []), group];
            _loop ??= Detached.Run(() => RunAsync(_stop.Token));
        }
    }

    public void Unsubscribe(Topic topic, Signal data, int groupId, Signal group)
    {
        topic.Unsubscribe(data);
        lock (_lock)
            _groups[groupId] = [.. _groups.GetValueOrDefault(groupId, []).Where(s => s != group)];
    }

    /// <summary>Looks the end offsets of a topic up.</summary>
    public async Task RefreshAsync(Topic topic, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await RefreshAsync(connection, [topic], cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_loop is { } loop)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await ListenAsync(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                Log.ListenerDisconnected(logger, e.Message);
                await Task.Delay(_backoff, time, cancellationToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        connection.Notification += OnNotification;
        try
        {
            await using (var listen = new NpgsqlCommand("LISTEN log_data; LISTEN log_group", connection))
                await listen.ExecuteNonQueryAsync(cancellationToken);
            WakeGroups();
            await RefreshAsync(connection, Subscribed(), cancellationToken);
            var refreshed = time.GetTimestamp();
            while (true)
            {
                var remaining = options.RecheckInterval - time.GetElapsedTime(refreshed);
                if (remaining > TimeSpan.Zero && await connection.WaitAsync(remaining, cancellationToken))
                {
                    if (_changed.Count == 0)
                        continue;
                    var changed = Subscribed().Where(t => _changed.Contains(t.Id)).ToList();
                    _changed.Clear();
                    await RefreshAsync(connection, changed, cancellationToken);
                    continue;
                }

                await RefreshAsync(connection, Subscribed(), cancellationToken);
                refreshed = time.GetTimestamp();
            }
        }
        finally
        {
            connection.Notification -= OnNotification;

            // Back in the pool, it shall not listen any more.
            if (connection.State == System.Data.ConnectionState.Open)
            {
                await using var unlisten = new NpgsqlCommand("UNLISTEN *", connection);
                await unlisten.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }
    }

    private void OnNotification(object sender, NpgsqlNotificationEventArgs e)
    {
        if (e.Channel == "log_group")
        {
            if (int.TryParse(e.Payload, NumberStyles.None, CultureInfo.InvariantCulture, out var group))
                Wake(group);
        }
        else if (e.PID != writerProcess())
        {
            foreach (var range in e.Payload.AsSpan().Split(','))
            {
                if (int.TryParse(e.Payload.AsSpan(range), NumberStyles.None, CultureInfo.InvariantCulture, out var topic))
                    _changed.Add(topic);
            }
        }
    }

    private List<Topic> Subscribed() => [.. topics.Known.Where(t => t.HasSubscribers)];

    private void Wake(int group)
    {
        Signal[]? signals;
        lock (_lock)
            _groups.TryGetValue(group, out signals);
        foreach (var signal in signals ?? [])
            signal.Set();
    }

    private void WakeGroups()
    {
        int[] groups;
        lock (_lock)
            groups = [.. _groups.Keys];
        foreach (var group in groups)
            Wake(group);
    }

    private static async Task RefreshAsync(NpgsqlConnection connection, List<Topic> topics, CancellationToken cancellationToken)
    {
        if (topics.Count == 0)
            return;
        var byId = topics.ToDictionary(t => t.Id);
        var news = new HashSet<Topic>();
        const string Ends = "SELECT topic_id, partition, next_offset, start_offset FROM log.ends($1) JOIN log.partitions USING (topic_id, partition)";
        await using var command = new NpgsqlCommand(Ends, connection).With(byId.Keys.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var topic = byId[reader.GetInt32(0)];
            var lane = topic.Lanes[reader.GetInt32(1)];
            lane.KnownStart = reader.GetInt64(3);
            if (lane.Advance(reader.GetInt64(2)))
                news.Add(topic);
        }

        foreach (var topic in news)
            topic.Wake();
    }
}
