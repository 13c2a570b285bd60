using Npgsql;
using Pipeline.Events.Contracts;

namespace Pipeline.Events.Infrastructure.Postgres;

/// <summary>The questions that the module answers.</summary>
internal static class EventQueries
{
    private const string Counts = "SELECT user_id, event_name, event_count FROM events.event_counts WHERE (user_id, event_name) > ($2, $3)";

    private const string Columns = "SELECT user_id, session_id, event_name, time_stamp, attributes FROM events.user_events";

    private const string Newest = "ORDER BY time_stamp DESC, partition, \"offset\" DESC LIMIT $1";

    private const string OfUser = $"{Columns} WHERE time_stamp >= $2 AND time_stamp < $3 AND user_id = $4 {Newest}";

    private const string OfAll = $"{Columns} WHERE time_stamp >= $2 AND time_stamp < $3 {Newest}";

    /// <summary>The first look back of a question about all users, and how much further each next one goes.</summary>
    private static readonly TimeSpan _firstWindow = TimeSpan.FromSeconds(1);
    private const int WindowGrowth = 8;

    /// <summary>One count more than asked for tells whether there is a next page.</summary>
    public static async Task<EventCountsPage> CountsAsync(NpgsqlDataSource dataSource, GetEventCounts query, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand();
        command.Parameters.Add(Parameter.Of((long)query.Limit + 1));
        command.Parameters.Add(Parameter.Of(query.After?.UserId ?? ""));
        command.Parameters.Add(Parameter.Of(query.After?.EventName ?? ""));
        var filter = Filter(command, "user_id", query.UserId) + Filter(command, "event_name", query.EventName);
        command.CommandText = $"{Counts}{filter} ORDER BY user_id, event_name LIMIT $1";
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
    /// Of one user by the index on user and time. Of all users there is no index that has the order, as it would cost each event more than the question is
    /// worth:
    /// ever longer windows are looked at, which the block-range index on time narrows to the rows in question, until one holds enough.
    /// </summary>
    public static async Task<IReadOnlyList<StoredUserEvent>> EventsAsync(
        NpgsqlDataSource dataSource, TimeProvider time, GetUserEvents query, CancellationToken cancellationToken)
    {
        var from = query.From?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc);
        var to = query.To?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);
        if (query.UserId is not null)
            return await ReadAsync(dataSource, OfUser, query.Limit, from, to, query.UserId, cancellationToken);

        var now = time.GetUtcNow().UtcDateTime;
        var end = to < now ? to : now;
        for (var window = _firstWindow; ; window *= WindowGrowth)
        {
            var low = end - from > window ? end - window : from;
            var events = await ReadAsync(dataSource, OfAll, query.Limit, low, to, null, cancellationToken);
            if (events.Count == query.Limit || low == from)
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

    private static async Task<List<StoredUserEvent>> ReadAsync(
        NpgsqlDataSource dataSource, string sql, int limit, DateTime from, DateTime to, string? user, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(Parameter.Of((long)limit));
        command.Parameters.Add(Parameter.Of(from));
        command.Parameters.Add(Parameter.Of(to));
        if (user is not null)
            command.Parameters.Add(Parameter.Of(user));
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
