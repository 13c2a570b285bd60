using System.Text;
using Npgsql;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Infrastructure.Postgres;

/// <summary>Adds a batch's counts per user and event name to the table.</summary>
internal static class PairUpsert
{
    /// <summary>
    /// MERGE costs less than ON CONFLICT, which locks each row before it updates it. It may collide with another worker that inserts the same pair; users
    /// belong to one
    /// partition, so that is rare, and the batch is tried again.
    /// </summary>
    private const string Merge =
        """
        MERGE INTO events.event_counts c
        USING unnest($1, $2, $3) AS d (user_id, event_name, events)
        ON c.user_id = d.user_id AND c.event_name = d.event_name
        WHEN MATCHED THEN UPDATE SET event_count = c.event_count + d.events, updated_at = $4
        WHEN NOT MATCHED THEN INSERT (user_id, event_name, event_count, updated_at) VALUES (d.user_id, d.event_name, d.events, $4)
        """;

    public static async Task AddAsync(NpgsqlConnection connection, PairCounts pairs, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var users = new string[pairs.Count];
        var names = new string[pairs.Count];
        var events = new long[pairs.Count];
        Fill(pairs, users, names, events);
        await using var command = new NpgsqlCommand(Merge, connection)
        {
            Parameters = { Parameter.Of(users), Parameter.Of(names), Parameter.Of(events), Parameter.Of(now.UtcDateTime) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void Fill(PairCounts pairs, string[] users, string[] names, long[] events)
    {
        // Neighbours share the user, and there are only a few event names: most strings are there already.
        var known = new List<string>();
        for (var i = 0; i < pairs.Count; i++)
        {
            var user = pairs.UserId(i);
            users[i] = i > 0 && pairs.UserId(i - 1).SequenceEqual(user) ? users[i - 1] : Encoding.UTF8.GetString(user);
            names[i] = Intern(known, pairs.EventName(i));
            events[i] = pairs.Events(i);
        }
    }

    private static string Intern(List<string> known, ReadOnlySpan<byte> name)
    {
        const int most = 8;
        foreach (var candidate in known)
        {
            if (Ascii.Equals(name, candidate))
                return candidate;
        }

        var text = Encoding.UTF8.GetString(name);
        if (known.Count < most)
            known.Add(text);
        return text;
    }
}
