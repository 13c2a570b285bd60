using Npgsql;
using NpgsqlTypes;
using Pipeline.DeadLetters.Application;
using Pipeline.DeadLetters.Contracts;
using Pipeline.Postgres;

namespace Pipeline.DeadLetters.Infrastructure.Postgres;

/// <summary>Letters in PostgreSQL.</summary>
internal sealed class PostgresDeadLetterStore(NpgsqlDataSource dataSource, TimeProvider time) : IDeadLetterStore
{
    private const string Columns =
        "id, source_topic, source_partition, source_offset, topic, partition, log_offset, reason, error, at, size, cut_from, state, changed_at, changed_by, note, replayed_partition, replayed_offset";

    private const string OfSource = "source_topic = @topic and source_partition = @partition and source_offset = @offset";

    public Task<IReadOnlyDictionary<(string Topic, int Partition), LogMark>> GetMarksAsync(CancellationToken cancellationToken) => RunAsync(
        "Read how far dead letters were looked at",
        async () =>
        {
            var marks = new Dictionary<(string, int), LogMark>();
            await using var command = dataSource.CreateCommand("select topic, partition, next_offset, start_offset from dead_letters.positions");
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                marks[(reader.GetString(0), reader.GetInt32(1))] = new LogMark(reader.GetInt64(2), reader.GetInt64(3));
            return (IReadOnlyDictionary<(string, int), LogMark>)marks;
        });

    public Task<bool> AddAsync(string topic, int partition, LogMark expected, LogMark next, IReadOnlyList<NewLetter> letters, CancellationToken cancellationToken) => RunAsync(
        $"Note dead letters of {topic}",
        async () =>
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

            // Compare-and-set: of two processes that look at the same letters one notes them.
            await using var move = Command(connection, """
                insert into dead_letters.positions as p (topic, partition, next_offset, start_offset)
                select @topic, @partition, @next, @start where @expected_next = 0 and @expected_start = 0
                    or exists (select from dead_letters.positions where topic = @topic and partition = @partition)
                on conflict (topic, partition) do update set next_offset = @next, start_offset = @start
                where p.next_offset = @expected_next and p.start_offset = @expected_start
                """);
            Add(move, "topic", topic);
            Add(move, "partition", partition);
            Add(move, "next", next.Next);
            Add(move, "start", next.Start);
            Add(move, "expected_next", expected.Next);
            Add(move, "expected_start", expected.Start);
            if (await move.ExecuteNonQueryAsync(cancellationToken) == 0)
                return false;
            if (letters.Count > 0)
                await InsertAsync(connection, topic, partition, letters, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        });

    public Task PurgeAsync(string topic, int partition, long startOffset, CancellationToken cancellationToken) => RunAsync(
        $"Forget dead letters of {topic}",
        () => ExecuteAsync(
            "delete from dead_letters.letters where topic = @topic and partition = @partition and log_offset < @start",
            cancellationToken, ("topic", topic), ("partition", partition), ("start", startOffset)));

    public Task<IReadOnlyList<StoredLetter>> ListAsync(LetterQuery query, CancellationToken cancellationToken) => RunAsync(
        "List dead letters",
        async () =>
        {
            var conditions = new List<string>();
            await using var command = dataSource.CreateCommand();
            Where(command, conditions, query.Topic, query.Reason);
            if (query.State is { } state)
            {
                conditions.Add("state = @state");
                Add(command, "state", NameOf(state));
            }

            if (query.After is var (at, rowId))
            {
                conditions.Add("(at, id) < (@at, @row)");
                Add(command, "at", at);
                Add(command, "row", rowId);
            }

            Add(command, "limit", query.Limit);
            command.CommandText = $"select {Columns} from dead_letters.letters {Text(conditions)} order by at desc, id desc limit @limit";
            return await ReadAsync(command, cancellationToken);
        });

    public Task<IReadOnlyList<DeadLetterCount>> CountAsync(CancellationToken cancellationToken) => RunAsync(
        "Count dead letters",
        async () =>
        {
            var counts = new List<DeadLetterCount>();
            await using var command = dataSource.CreateCommand(
                "select topic, reason, state, count(*), max(at) from dead_letters.letters group by topic, reason, state order by count(*) desc, topic, reason, state");
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                counts.Add(new DeadLetterCount(
                    reader.GetString(0), reader.GetString(1), StateOf(reader.GetString(2)), reader.GetInt64(3), reader.GetFieldValue<DateTimeOffset>(4)));
            }

            return (IReadOnlyList<DeadLetterCount>)counts;
        });

    public Task<IReadOnlyList<StoredLetter>> ListToDoAsync(DeadLetterFilter filter, int limit, CancellationToken cancellationToken) => RunAsync(
        "List open dead letters",
        async () =>
        {
            var conditions = new List<string> { "state in ('open', 'replaying')" };
            await using var command = dataSource.CreateCommand();
            Where(command, conditions, filter.Topic, filter.Reason);
            Add(command, "limit", limit);
            command.CommandText = $"select {Columns} from dead_letters.letters {Text(conditions)} order by at, id limit @limit";
            return await ReadAsync(command, cancellationToken);
        });

    public Task<StoredLetter?> FindAsync(DeadLetterId id, CancellationToken cancellationToken) => FindAsync(
        "topic = @topic and partition = @partition and log_offset = @offset", id.Topic, id.Partition, id.Offset, cancellationToken);

    public Task<StoredLetter?> FindAsync(LetterSource source, CancellationToken cancellationToken) =>
        FindAsync(OfSource, source.Topic, source.Partition, source.Offset, cancellationToken);

    public Task<ReplayAttempt?> BeginAsync(LetterSource source, ReplayAttempt attempt, string? by, string? note, CancellationToken cancellationToken) => RunAsync(
        $"Begin the replay of the dead letter of {source}",
        async () =>
        {
            await using var command = dataSource.CreateCommand($"""
                with begun as (
                    update dead_letters.letters
                    set state = 'replaying', attempt = @attempt, payload = @payload, since = @since, changed_at = @now, changed_by = @by, note = @note
                    where {OfSource} and state = 'open'
                    returning attempt, payload, since)
                select attempt, payload, since from begun
                union all
                select attempt, payload, since from dead_letters.letters where {OfSource} and state = 'replaying'
                limit 1
                """);
            AddSource(command, source);
            Add(command, "attempt", attempt.Id);
            Add(command, "payload", attempt.Payload, NpgsqlDbType.Bytea);
            Add(command, "since", attempt.Since);
            AddChange(command, by, note);
            for (var tries = 0; ; tries++)
            {
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                if (await reader.ReadAsync(cancellationToken))
                    return new ReplayAttempt(reader.GetGuid(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<byte[]>(1), reader.GetFieldValue<long[]>(2));

                // One that was open when the statement began and begun by another meanwhile is found at the second try.
                if (tries > 0)
                    return (ReplayAttempt?)null;
            }
        });

    public Task CompleteAsync(LetterSource source, int partition, long offset, CancellationToken cancellationToken) => RunAsync(
        $"Record the replay of the dead letter of {source}",
        () => ExecuteAsync(
            $"""
            update dead_letters.letters
            set state = 'replayed', payload = null, since = null, changed_at = @now, replayed_partition = @to_partition, replayed_offset = @to_offset
            where {OfSource} and state <> 'replayed'
            """,
            cancellationToken, ("topic", source.Topic), ("partition", source.Partition), ("offset", source.Offset), ("now", time.GetUtcNow()),
            ("to_partition", partition), ("to_offset", offset)));

    public Task ReleaseAsync(LetterSource source, Guid attempt, CancellationToken cancellationToken) => RunAsync(
        $"Give up the replay of the dead letter of {source}",
        () => ExecuteAsync(
            $"""
            update dead_letters.letters
            set state = 'open', attempt = null, payload = null, since = null, changed_at = null, changed_by = null, note = null
            where {OfSource} and state = 'replaying' and attempt = @attempt
            """,
            cancellationToken, ("topic", source.Topic), ("partition", source.Partition), ("offset", source.Offset), ("attempt", attempt)));

    public Task<int> DiscardAsync(
        IReadOnlyCollection<LetterSource> sources, DateTimeOffset replaysBefore, string note, string? by, CancellationToken cancellationToken) => RunAsync(
        "Discard dead letters",
        async () =>
        {
            await using var command = dataSource.CreateCommand("""
                update dead_letters.letters l set state = 'discarded', payload = null, since = null, changed_at = @now, changed_by = @by, note = @note
                from unnest(@topics, @partitions, @offsets) as wanted (topic, partition, log_offset)
                where l.source_topic = wanted.topic and l.source_partition = wanted.partition and l.source_offset = wanted.log_offset
                    and (l.state = 'open' or l.state = 'replaying' and l.changed_at < @before)
                """);
            Add(command, "topics", sources.Select(s => s.Topic).ToArray());
            Add(command, "partitions", sources.Select(s => s.Partition).ToArray());
            Add(command, "offsets", sources.Select(s => s.Offset).ToArray());
            Add(command, "before", replaysBefore);
            AddChange(command, by, note);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        });

    private static async Task InsertAsync(NpgsqlConnection connection, string topic, int partition, IReadOnlyList<NewLetter> letters, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, """
            insert into dead_letters.letters (source_topic, source_partition, source_offset, topic, partition, log_offset, reason, error, at, size, cut_from)
            select source_topic, source_partition, source_offset, @topic, @partition, log_offset, reason, error, at, size, cut_from
            from unnest(@source_topics, @source_partitions, @source_offsets, @offsets, @reasons, @errors, @ats, @sizes, @cuts)
                with ordinality as letters (source_topic, source_partition, source_offset, log_offset, reason, error, at, size, cut_from, n)
            order by n
            on conflict (source_topic, source_partition, source_offset) do nothing
            """);
        Add(command, "topic", topic);
        Add(command, "partition", partition);
        Add(command, "source_topics", letters.Select(l => l.Source.Topic).ToArray());
        Add(command, "source_partitions", letters.Select(l => l.Source.Partition).ToArray());
        Add(command, "source_offsets", letters.Select(l => l.Source.Offset).ToArray());
        Add(command, "offsets", letters.Select(l => l.Offset).ToArray());
        Add(command, "reasons", letters.Select(l => l.Reason).ToArray());
        Add(command, "errors", letters.Select(l => l.Error).ToArray());
        Add(command, "ats", letters.Select(l => l.At).ToArray());
        Add(command, "sizes", letters.Select(l => l.Size).ToArray());
        Add(command, "cuts", letters.Select(l => l.CutFrom).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private Task<StoredLetter?> FindAsync(string condition, string topic, int partition, long offset, CancellationToken cancellationToken) => RunAsync(
        $"Read dead letter {topic}/{partition}/{offset}",
        async () =>
        {
            await using var command = dataSource.CreateCommand($"select {Columns} from dead_letters.letters where {condition}");
            Add(command, "topic", topic);
            Add(command, "partition", partition);
            Add(command, "offset", offset);
            return await ReadAsync(command, cancellationToken) is [var letter, ..] ? letter : null;
        });

    private static void Where(NpgsqlCommand command, List<string> conditions, string? topic, string? reason)
    {
        if (topic is not null)
        {
            conditions.Add("topic = @topic");
            Add(command, "topic", topic);
        }

        if (reason is not null)
        {
            conditions.Add("reason = @reason");
            Add(command, "reason", reason);
        }
    }

    private static string Text(List<string> conditions) => conditions.Count == 0 ? "" : "where " + string.Join(" and ", conditions);

    private static async Task<IReadOnlyList<StoredLetter>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var letters = new List<StoredLetter>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            letters.Add(Read(reader));
        return letters;
    }

    private static StoredLetter Read(NpgsqlDataReader row)
    {
        var source = new LetterSource(row.GetString(1), row.GetInt32(2), row.GetInt64(3));
        var id = new DeadLetterId(row.GetString(4), row.GetInt32(5), row.GetInt64(6));
        return new StoredLetter(row.GetInt64(0), source, new DeadLetter(
            id, LetterLog.SourceTopicOf(id.Topic), source.Partition, source.Offset, row.GetString(7), row.GetString(8), row.GetFieldValue<DateTimeOffset>(9), row.GetInt32(10),
            row.IsDBNull(11) ? null : row.GetInt32(11), StateOf(row.GetString(12)), row.IsDBNull(13) ? null : row.GetFieldValue<DateTimeOffset>(13),
            row.IsDBNull(14) ? null : row.GetString(14), row.IsDBNull(15) ? null : row.GetString(15), row.IsDBNull(16) ? null : row.GetInt32(16),
            row.IsDBNull(17) ? null : row.GetInt64(17), null));
    }

    private static string NameOf(DeadLetterState state) => state switch
    {
        DeadLetterState.Open => "open",
        DeadLetterState.Replaying => "replaying",
        DeadLetterState.Replayed => "replayed",
        _ => "discarded",
    };

    private static DeadLetterState StateOf(string name) => Enum.Parse<DeadLetterState>(name, ignoreCase: true);

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql) => new(sql, connection);

    private static void AddSource(NpgsqlCommand command, LetterSource source)
    {
        Add(command, "topic", source.Topic);
        Add(command, "partition", source.Partition);
        Add(command, "offset", source.Offset);
    }

    private void AddChange(NpgsqlCommand command, string? by, string? note)
    {
        Add(command, "now", time.GetUtcNow());
        Add(command, "by", by, NpgsqlDbType.Text);
        Add(command, "note", note, NpgsqlDbType.Text);
    }

    private static void Add(NpgsqlCommand command, string name, object value) => command.Parameters.AddWithValue(name, value);

    private static void Add(NpgsqlCommand command, string name, object? value, NpgsqlDbType type) => command.Parameters.Add(new NpgsqlParameter(name, type) { Value = value ?? DBNull.Value });

    private async Task<bool> ExecuteAsync(string sql, CancellationToken cancellationToken, params (string Name, object Value)[] parameters)
    {
        await using var command = dataSource.CreateCommand(sql);
        foreach (var (name, value) in parameters)
            Add(command, name, value);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    private static async Task<T> RunAsync<T>(string operation, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.Translate(e, operation);
        }
    }
}
