using Npgsql;

namespace Pipeline.EventLog.Postgres;

/// <summary>What is in the log and how far its readers are. Reads a few small tables only.</summary>
internal static class LogStatus
{
    public static async Task<IReadOnlyList<TopicStatus>> GetTopicsAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            """
            SELECT t.name, p.partition, p.start_offset, e.next_offset
            FROM log.topics t JOIN log.partitions p USING (topic_id) JOIN log.ends(ARRAY(SELECT topic_id FROM log.topics)) e USING (topic_id, partition)
            ORDER BY t.name COLLATE "C", p.partition
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var topics = new List<TopicStatus>();
        var partitions = new List<PartitionStatus>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var name = reader.GetString(0);
            if (topics.Count == 0 || topics[^1].Name != name)
            {
                partitions = [];
                topics.Add(new TopicStatus(name, partitions));
            }

            partitions.Add(new PartitionStatus(reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3)));
        }

        return topics;
    }

    public static async Task<IReadOnlyList<GroupStatus>> GetGroupsAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            """
            SELECT g.name, t.name, gp.partition, greatest(gp.committed_offset, p.start_offset), e.next_offset, m.client || '#' || m.member_id,
                (SELECT count(*)::int FROM log.members live
                 WHERE live.group_id = g.group_id AND live.seen_at + live.session_ms * interval '1 ms' >= clock_timestamp())
            FROM log.groups g JOIN log.topics t USING (topic_id) JOIN log.group_partitions gp USING (group_id)
                JOIN log.partitions p ON p.topic_id = g.topic_id AND p.partition = gp.partition
                JOIN log.ends(ARRAY(SELECT DISTINCT topic_id FROM log.groups)) e ON e.topic_id = g.topic_id AND e.partition = gp.partition
                LEFT JOIN log.members m ON m.member_id = gp.member_id
            ORDER BY g.name COLLATE "C", t.name COLLATE "C", gp.partition
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var groups = new List<GroupStatus>();
        var partitions = new List<GroupPartitionStatus>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (group, topic) = (reader.GetString(0), reader.GetString(1));
            if (groups.Count == 0 || groups[^1].Group != group || groups[^1].Topic != topic)
            {
                partitions = [];
                groups.Add(new GroupStatus(group, topic, reader.GetInt32(6), partitions));
            }

            var member = reader.IsDBNull(5) ? null : reader.GetString(5);
            partitions.Add(new GroupPartitionStatus(reader.GetInt32(2), reader.GetInt64(3), reader.GetInt64(4), member));
        }

        return groups;
    }
}
