using Npgsql;
using NpgsqlTypes;

namespace Pipeline.EventLog.Postgres;

/// <summary>The writer's connection and its one prepared statement; parameters and their lists are used again and again.</summary>
/// <remarks>
/// Synchronous on purpose: the writer has a thread of its own, and a socket that wakes a waiting thread is faster and cheaper than the way over the thread pool,
/// the more so when requests queue there. Its limit in time is the command's timeout.
/// </remarks>
internal sealed class AppendCommand : IDisposable
{
    private readonly List<int> _topics = [];
    private readonly List<int> _partitions = [];
    private readonly List<int> _totals = [];
    private readonly List<int> _slots = [];
    private readonly List<int> _lasts = [];
    private readonly List<int> _counts = [];
    private readonly List<ReadOnlyMemory<byte>> _data = [];
    private readonly NpgsqlParameter<string?> _notify = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _command;

    private AppendCommand(NpgsqlConnection connection, TimeSpan timeout)
    {
        _connection = connection;
        _command = new NpgsqlCommand("SELECT log.append($1, $2, $3, $4, $5, $6, $7, $8)", connection) { CommandTimeout = (int)Math.Ceiling(timeout.TotalSeconds) };
        foreach (var list in (ReadOnlySpan<List<int>>)[_topics, _partitions, _totals, _slots, _lasts, _counts])
            _command.Parameters.Add(new NpgsqlParameter<List<int>> { TypedValue = list, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
        _command.Parameters.Add(new NpgsqlParameter<List<ReadOnlyMemory<byte>>> { TypedValue = _data, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        _command.Parameters.Add(_notify);
    }

    public int ProcessId => _connection.ProcessID;

    public static AppendCommand Open(NpgsqlDataSource dataSource, TimeSpan timeout)
    {
        var connection = dataSource.OpenConnection();
        AppendCommand? command = null;
        try
        {
            command = new AppendCommand(connection, timeout);
            command._command.Prepare();
            return command;
        }
        catch
        {
            command?.Dispose();
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Writes a flush and sets the base offsets of its partitions. Returns how many rows were stored.</summary>
    /// <param name="flush">What to write.</param>
    /// <param name="notify">The topics to tell other processes of; null tells them nothing.</param>
    public int Execute(Flush flush, string? notify)
    {
        flush.Topics.Sort(static (a, b) => a.Topic.Id.CompareTo(b.Topic.Id));
        foreach (var topic in flush.Topics)
        {
            topic.Used.Sort(static (a, b) => a.Lane.Partition.CompareTo(b.Lane.Partition));
            foreach (var lane in topic.Used)
                Add(lane);
        }

        var rows = _data.Count;
        _notify.TypedValue = notify;
        try
        {
            using var reader = _command.ExecuteReader();
            reader.Read();
            var bases = reader.GetFieldValue<long[]>(0);
            var slot = 0;
            foreach (var topic in flush.Topics)
            {
                foreach (var lane in topic.Used)
                    lane.BaseOffset = bases[slot++];
            }
        }
        finally
        {
            foreach (var list in (ReadOnlySpan<List<int>>)[_topics, _partitions, _totals, _slots, _lasts, _counts])
                list.Clear();
            _data.Clear();
        }

        return rows;
    }

    /// <summary>Tells other processes that topics have new records.</summary>
    public void Notify(string topics)
    {
        using var command = new NpgsqlCommand("SELECT pg_notify('log_data', $1)", _connection) { Parameters = { new() { Value = topics } } };
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _command.Dispose();
        _connection.Dispose();
    }

    private void Add(LaneBuffer lane)
    {
        _topics.Add(lane.Lane.Topic.Id);
        _partitions.Add(lane.Lane.Partition);
        _totals.Add(lane.Count);
        var last = -1;
        foreach (var row in lane.Rows)
        {
            last += row.Count;
            _slots.Add(_topics.Count);
            _lasts.Add(last);
            _counts.Add(row.Count);
            _data.Add(row.Data);
        }
    }
}
