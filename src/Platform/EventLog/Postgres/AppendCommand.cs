using System.Data;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Pipeline.EventLog.Postgres;

/// <summary>The writer's connection. Statements, parameters and their lists are used again and again.</summary>
/// <remarks>
/// Synchronous on purpose: the writer has a thread of its own, and a socket that wakes a waiting thread is faster and cheaper than the way over the
/// thread pool, the more so when requests queue there. Its limit in time is the command's timeout.
/// </remarks>
internal sealed class AppendCommand : IDisposable
{
    /// <summary>The function raises it where the chunk was closed since it was looked up.</summary>
    private const string ChunkClosed = "EL001";

    private const int Attempts = 10;

    private readonly Dictionary<int, TopicCommand> _topics = [];
    private readonly NpgsqlParameter<string> _notifyTopics = new() { NpgsqlDbType = NpgsqlDbType.Text };
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlBatchCommand _notify;

    private AppendCommand(NpgsqlConnection connection, TimeSpan timeout)
    {
        _connection = connection;
        _batch = new NpgsqlBatch(connection) { Timeout = (int)Math.Ceiling(timeout.TotalSeconds) };
        _notify = new NpgsqlBatchCommand("SELECT pg_notify('log_data', $1)") { Parameters = { _notifyTopics } };
    }

    public int ProcessId => _connection.ProcessID;

    /// <summary>False once the connection is lost; the driver also gives it up itself after errors such as a full disk.</summary>
    public bool IsOpen => _connection.State == ConnectionState.Open;

    public static AppendCommand Open(NpgsqlDataSource dataSource, TimeSpan timeout) => new(dataSource.OpenConnection(), timeout);

    /// <summary>Writes a flush in one transaction and sets the base offsets of its partitions. Returns how many rows were stored.</summary>
    /// <param name="flush">What to write.</param>
    /// <param name="notify">The topics to tell other processes of; null tells them nothing.</param>
    public int Execute(Flush flush, string? notify)
    {
        flush.Topics.Sort(static (a, b) => a.Topic.Id.CompareTo(b.Topic.Id));
        var rows = 0;
        foreach (var topic in flush.Topics)
        {
            if (!_topics.TryGetValue(topic.Topic.Id, out var command))
                _topics.Add(topic.Topic.Id, command = new TopicCommand());
            rows += command.Fill(topic);
        }

        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    Execute(flush.Topics, notify);
                    return rows;
                }
                catch (PostgresException e) when (e.SqlState is ChunkClosed or PostgresErrorCodes.UndefinedFunction && attempt < Attempts)
                {
                    // Nothing of the transaction is left; the chunk that is open now is looked up.
                    foreach (var topic in flush.Topics)
                        _topics[topic.Topic.Id].ChunkId = 0;
                }
            }
        }
        finally
        {
            foreach (var topic in flush.Topics)
                _topics[topic.Topic.Id].Clear();
        }
    }

    /// <summary>Tells other processes that topics have new records.</summary>
    public void Notify(string topics)
    {
        _batch.BatchCommands.Clear();
        _batch.BatchCommands.Add(_notify);
        _notifyTopics.TypedValue = topics;
        _batch.ExecuteNonQuery();
    }

    public void Dispose()
    {
        _batch.Dispose();
        _connection.Dispose();
    }

    private void Execute(List<TopicBuffer> topics, string? notify)
    {
        _batch.BatchCommands.Clear();
        foreach (var topic in topics)
        {
            var command = _topics[topic.Topic.Id];
            if (command.ChunkId == 0)
                command.ChunkId = FindChunk(topic.Topic);
            _batch.BatchCommands.Add(command.Command);
        }

        if (notify is not null)
        {
            _batch.BatchCommands.Add(_notify);
            _notifyTopics.TypedValue = notify;
        }

        using var reader = _batch.ExecuteReader();
        foreach (var topic in topics)
        {
            reader.Read();
            var bases = reader.GetFieldValue<long[]>(0);
            for (var i = 0; i < bases.Length; i++)
                topic.Used[i].Lane.LastBase = topic.Used[i].BaseOffset = bases[i];
            reader.NextResult();
        }

        // An error of a later statement, or of the commit, is reported when all is read.
        while (reader.NextResult())
        {
        }
    }

    private int FindChunk(Topic topic)
    {
        using var command = new NpgsqlCommand("SELECT chunk_id FROM log.topics WHERE topic_id = $1", _connection).With(topic.Id);
        return command.ExecuteScalar() as int? ?? throw new TerminalException($"the topic {topic.Name} does not exist any more");
    }

    /// <summary>The statement that appends to a topic's open chunk.</summary>
    private sealed class TopicCommand
    {
        private readonly List<int> _partitions = [];
        private readonly List<long> _known = [];
        private readonly List<int> _slots = [];
        private readonly List<int> _lasts = [];
        private readonly List<int> _counts = [];
        private readonly List<ReadOnlyMemory<byte>> _data = [];
        private int _chunkId;

        public NpgsqlBatchCommand Command { get; private set; } = new();

        /// <summary>The open chunk; 0 where it is not known.</summary>
        public int ChunkId
        {
            get => _chunkId;
            set
            {
                _chunkId = value;

                // A new one for each text: a batch command goes on with the statement that it was prepared for.
                Command = new NpgsqlBatchCommand(string.Create(CultureInfo.InvariantCulture, $"SELECT log.append_{value}($1, $2, $3, $4, $5, $6)"));
                AddParameter(_partitions, NpgsqlDbType.Integer);
                AddParameter(_known, NpgsqlDbType.Bigint);
                AddParameter(_slots, NpgsqlDbType.Integer);
                AddParameter(_lasts, NpgsqlDbType.Integer);
                AddParameter(_counts, NpgsqlDbType.Integer);
                AddParameter(_data, NpgsqlDbType.Bytea);
            }
        }

        public int Fill(TopicBuffer topic)
        {
            topic.Used.Sort(static (a, b) => a.Lane.Partition.CompareTo(b.Lane.Partition));
            foreach (var lane in topic.Used)
            {
                _partitions.Add(lane.Lane.Partition);
                _known.Add(lane.Lane.LastBase);
                var last = -1;
                foreach (var row in lane.Rows)
                {
                    last += row.Count;
                    _slots.Add(_partitions.Count);
                    _lasts.Add(last);
                    _counts.Add(row.Count);
                    _data.Add(row.Data);
                }
            }

            return _data.Count;
        }

        public void Clear()
        {
            _partitions.Clear();
            _known.Clear();
            _slots.Clear();
            _lasts.Clear();
            _counts.Clear();
            _data.Clear();
        }

        private void AddParameter<T>(List<T> list, NpgsqlDbType type) =>
            Command.Parameters.Add(new NpgsqlParameter<List<T>> { TypedValue = list, NpgsqlDbType = NpgsqlDbType.Array | type });
    }
}
