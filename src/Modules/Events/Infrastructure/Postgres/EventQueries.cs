using Npgsql;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Infrastructure.Postgres;

/// <summary>The questions that the module answers.</summary>
internal static class EventQueries
{
    private const string Counts = "SELECT user_id, event_name, event_count FROM events.event_counts WHERE ";

    private const string AfterPair = "(user_id, event_name) > ($2, $3)";

    /// <summary>A page begins where the pair is now; the first one, after no pair, at the highest count.</summary>
    private const string AfterCount =
        """
        (-event_count, user_id, event_name)
          > (coalesce((SELECT -event_count FROM events.event_counts WHERE user_id = $2 AND event_name = $3), -9223372036854775807), $2, $3)
        """;

    private const string Columns = "SELECT user_id, session_id, event_name, time_stamp, attributes FROM events.user_events";

    private const string Newest = "time_stamp DESC, partition, \"offset\" DESC LIMIT $1";

    /// <summary>The index gives the hours in order; within each the rows are sorted, newest hour first, until there are enough.</summary>
    private const string OfUser =
        $"{Columns} WHERE time_stamp >= $2 AND time_stamp < $3 AND user_id = $4 AND hour >= $5 AND hour <= $6 ORDER BY hour DESC, {Newest}";

    private const string OfAll = $"{Columns} WHERE time_stamp >= $2 AND time_stamp < $3 ORDER BY {Newest}";

    private const string Sample =
        """
        SELECT time_stamp FROM events.user_events
        WHERE "offset" % 1024 = 0 AND time_stamp >= $2 AND time_stamp < $3
        ORDER BY time_stamp DESC OFFSET $1 LIMIT 1
        """;

    /// <summary>One event in so many is in the sample; as in <see cref="Sample"/> and the index that serves it.</summary>
    private const int SampleEvery = 1024;

    /// <summary>Where a sample was too small, by how much the next one is larger.</summary>
    private const int SampleGrowth = 8;

    /// <summary>One count more than asked for tells whether there is a next page.</summary>
    public static async Task<EventCountsPage> CountsAsync(NpgsqlDataSource dataSource, GetEventCounts query, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand();
        command.Parameters.Add(Parameter.Of((long)query.Limit + 1));
        command.Parameters.Add(Parameter.Of(query.After?.UserId ?? ""));
        command.Parameters.Add(Parameter.Of(query.After?.EventName ?? ""));
        var filter = Filter(command, "user_id", query.UserId) + Filter(command, "event_name", query.EventName);
        command.CommandText = query.Order == EventCountOrder.Count
            ? $"{Counts}{AfterCount}{filter} ORDER BY event_count DESC, user_id, event_name LIMIT $1"
            : $"{Counts}{AfterPair}{filter} ORDER BY user_id, event_name LIMIT $1";
        var counts = new List<EventCount>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            counts.Add(new EventCount(reader.GetString(0), reader.GetString(1), reader.GetInt64(2)));
        if (counts.Count <= query.Limit)
            return new EventCountsPage(counts, null);
        counts.RemoveAt(query.Limit);
        return new EventCountsPage(counts, new EventPair(counts[^1].UserId, counts[^1].EventName));
    }

    /// <summary>
    /// Of one user by the index on user and hour. Of all users there is no index with all times, as it would cost each event more than the question is worth: a
    /// sample of the times tells how far back to look for enough events.
    /// </summary>
    public static async Task<IReadOnlyList<StoredUserEvent>> EventsAsync(NpgsqlDataSource dataSource, GetUserEvents query, CancellationToken cancellationToken)
    {
        var from = query.From?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc);
        var to = query.To?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);
        if (query.UserId is not null)
            return await OfUserAsync(dataSource, query.UserId, query.Limit, from, to, cancellationToken);

        for (long samples = (query.Limit / SampleEvery) + 2; ; samples *= SampleGrowth)
        {
            await using var sample = Command(dataSource, Sample, samples, from, to);
            var low = await sample.ExecuteScalarAsync(cancellationToken) as DateTime?;
            await using var command = Command(dataSource, OfAll, query.Limit, low ?? from, to);
            var events = await ReadAsync(command, cancellationToken);
            if (events.Count == query.Limit || low is null)
                return events;
        }
    }

    private static string Filter(NpgsqlCommand command, string column, string? value)
    {
        if (value is null)
            return "";
        command.Parameters.Add(Parameter.Of(value));
        return $" AND {column} = ${command.Parameters.Count}";
    }

    /// <summary>The hour that a time is in, as column <c>hour</c> has it.</summary>
    public static int HourOf(long microseconds) => HourOf(DateTime.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond));

    private static int HourOf(DateTime time) => (int)((time.Ticks / TimeSpan.TicksPerHour) - (DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerHour));

    private static async Task<List<StoredUserEvent>> OfUserAsync(
        NpgsqlDataSource dataSource, string user, int limit, DateTime from, DateTime to, CancellationToken cancellationToken)
    {
        await using var command = Command(dataSource, OfUser, limit, from, to);
        command.Parameters.Add(Parameter.Of(user));
        command.Parameters.Add(Parameter.Of(HourOf(from)));
        command.Parameters.Add(Parameter.Of(HourOf(to)));
        return await ReadAsync(command, cancellationToken);
    }

    private static NpgsqlCommand Command(NpgsqlDataSource dataSource, string sql, long limit, DateTime from, DateTime to)
    {
        var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(Parameter.Of(limit));
        command.Parameters.Add(Parameter.Of(from));
        command.Parameters.Add(Parameter.Of(to));
        return command;
    }

    private static async Task<List<StoredUserEvent>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var events = new List<StoredUserEvent>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(new StoredUserEvent(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetFieldValue<byte[]>(4)));
        }

        return events;
    }
}
