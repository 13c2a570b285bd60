using Npgsql;
using Pipeline.Postgres;

namespace Pipeline.EventLog.Postgres;

/// <summary>What a group gave to one of its members.</summary>
/// <param name="Member">The member.</param>
/// <param name="Lost">The session is over; the member holds nothing any more.</param>
/// <param name="Partitions">What it holds, in order.</param>
internal sealed record GroupSnapshot(long Member, bool Lost, IReadOnlyList<HeldPartition> Partitions)
{
    public bool SameAs(GroupSnapshot? other) =>
        other is not null && other.Member == Member && other.Lost == Lost
        && other.Partitions.Select(p => (p.Partition, p.Epoch, p.ReleaseWanted)).SequenceEqual(Partitions.Select(p => (p.Partition, p.Epoch, p.ReleaseWanted)));
}

/// <summary>A partition that a member holds.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Epoch">Grows each time it changes hands.</param>
/// <param name="ReleaseWanted">Another member is to have it once this one has released it.</param>
/// <param name="Position">Where the group committed; the start of the partition where it never did.</param>
internal sealed record HeldPartition(int Partition, long Epoch, bool ReleaseWanted, long Position);

/// <summary>The consumer groups' tables. The rules of sharing are the functions in the schema.</summary>
internal sealed class GroupStore(NpgsqlDataSource dataSource)
{
    public async Task<int> EnsureAsync(Topic topic, string group, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT log.ensure_group($1, $2)").With(topic.Id).With(group);
        return (int)(await ScalarAsync(command, $"Join group {group} of topic {topic.Name}", cancellationToken))!;
    }

    public async Task<GroupSnapshot> JoinAsync(int group, string client, TimeSpan session, CancellationToken cancellationToken)
    {
        try
        {
            await using var batch = dataSource.CreateBatch();
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT log.join_group($1, $2, $3)").With(group).With(client).With((int)session.TotalMilliseconds));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Holdings("currval('log.members_member_id_seq')")).With(group));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            var member = reader.GetInt64(0);
            await reader.NextResultAsync(cancellationToken);
            return new GroupSnapshot(member, false, await ReadHoldingsAsync(reader, cancellationToken));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw PostgresErrors.Translate(e, $"Join group {group} of the log");
        }
    }

    /// <summary>Keeps the session alive, releases partitions, and tells what the member holds now.</summary>
    public async Task<GroupSnapshot> HeartbeatAsync(int group, long member, int[] release, CancellationToken cancellationToken)
    {
        try
        {
            await using var batch = dataSource.CreateBatch();
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT log.heartbeat($1, $2, $3)").With(group).With(member).With(release));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Holdings("$2")).With(group).With(member));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            var alive = reader.GetBoolean(0);
            await reader.NextResultAsync(cancellationToken);
            return new GroupSnapshot(member, !alive, alive ? await ReadHoldingsAsync(reader, cancellationToken) : []);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw PostgresErrors.Translate(e, $"Heartbeat of member {member} of group {group} of the log");
        }
    }

    public async Task LeaveAsync(int group, long member, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT log.leave_group($1, $2)").With(group).With(member);
        await ScalarAsync(command, $"Member {member} leaves group {group} of the log", cancellationToken);
    }

    public async Task CommitAsync(int group, long member, int[] partitions, long[] epochs, long[] offsets, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT log.commit_offsets($1, $2, $3, $4, $5)")
            .With(group).With(member).With(partitions).With(epochs).With(offsets);
        await ScalarAsync(command, $"Commit offsets of group {group} of the log", cancellationToken);
    }

    private static string Holdings(string member) =>
        $"""
        SELECT g.partition, g.epoch, g.release_wanted, greatest(g.committed_offset, p.start_offset)
        FROM log.group_partitions g JOIN log.groups USING (group_id) JOIN log.partitions p USING (topic_id, partition)
        WHERE g.group_id = $1 AND g.member_id = {member} ORDER BY g.partition
        """;

    private static async Task<List<HeldPartition>> ReadHoldingsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var partitions = new List<HeldPartition>();
        while (await reader.ReadAsync(cancellationToken))
            partitions.Add(new HeldPartition(reader.GetInt32(0), reader.GetInt64(1), reader.GetBoolean(2), reader.GetInt64(3)));
        return partitions;
    }

    private static async Task<object?> ScalarAsync(NpgsqlCommand command, string operation, CancellationToken cancellationToken)
    {
        try
        {
            return await command.ExecuteScalarAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw PostgresErrors.Translate(e, operation);
        }
    }
}
