using Npgsql;

namespace Pipeline.Events.Infrastructure.Postgres;

/// <summary>Counts stored rows that are not counted yet and moves the position up to which they are, in one transaction a step.</summary>
internal static class Aggregation
{
    /// <summary>How many offsets of each partition one transaction takes.</summary>
    private const long StepOffsets = 500_000;

    /// <summary>One process at a time; it ends with the transaction, also by a crash.</summary>
    private const string TakeTurn = "SELECT pg_advisory_xact_lock(7308604759863157619)";

    private const string ReadUncounted =
        "SELECT partition, aggregated_offset, least(next_offset, aggregated_offset + $1) FROM events.positions WHERE aggregated_offset < next_offset";

    /// <summary>The bounds over all partitions leave out the segments that no partition needs.</summary>
    private const string Count =
        """
        WITH counted AS MATERIALIZED (
            SELECT e.user_id, e.event_name, count(*) AS events
            FROM unnest($1, $2, $3) AS d (partition, low, high)
            JOIN events.user_events e ON e.partition = d.partition AND e."offset" >= d.low AND e."offset" < d.high
            WHERE e."offset" >= $4 AND e."offset" < $5
            GROUP BY e.user_id, e.event_name
            ORDER BY e.user_id, e.event_name
        ), added AS (
            INSERT INTO events.event_counts AS c (user_id, event_name, event_count, updated_at)
            SELECT user_id, event_name, events, $6 FROM counted
            ON CONFLICT (user_id, event_name) DO UPDATE SET event_count = c.event_count + excluded.event_count, updated_at = excluded.updated_at
        )
        SELECT coalesce(sum(events), 0)::bigint FROM counted
        """;

    /// <summary>A partition that is counted as it comes by now is not in the way: its position was moved, and the step is left to it.</summary>
    private const string MovePositions =
        """
        UPDATE events.positions p SET aggregated_offset = d.high
        FROM unnest($1, $2, $3) AS d (partition, low, high)
        WHERE p.partition = d.partition AND p.aggregated_offset = d.low
        """;

    public static async Task<long> RunAsync(NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancellationToken)
    {
        long total = 0;
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            if (await StepAsync(connection, time.GetUtcNow(), cancellationToken) is not { } events)
                return total;
            total += events;
        }
    }

    /// <summary>One step; null where nothing is left.</summary>
    private static async Task<long?> StepAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var turn = new NpgsqlCommand(TakeTurn, connection))
            await turn.ExecuteNonQueryAsync(cancellationToken);
        var (partitions, lows, highs) = await UncountedAsync(connection, cancellationToken);
        if (partitions.Length == 0)
            return null;

        await using (var move = new NpgsqlCommand(MovePositions, connection))
        {
            move.Parameters.Add(Parameter.Of(partitions));
            move.Parameters.Add(Parameter.Of(lows));
            move.Parameters.Add(Parameter.Of(highs));
            if (await move.ExecuteNonQueryAsync(cancellationToken) != partitions.Length)
                throw new TransientException("Count user events: a position was moved by another worker.");
        }

        await using var count = new NpgsqlCommand(Count, connection)
        {
            Parameters =
            {
                Parameter.Of(partitions), Parameter.Of(lows), Parameter.Of(highs),
                Parameter.Of(lows.Min()), Parameter.Of(highs.Max()), Parameter.Of(now.UtcDateTime),
            },
            CommandTimeout = 0,
        };
        var events = (long)(await count.ExecuteScalarAsync(cancellationToken))!;
        await transaction.CommitAsync(cancellationToken);
        return events;
    }

    private static async Task<(int[] Partitions, long[] Lows, long[] Highs)> UncountedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var partitions = new List<int>();
        var lows = new List<long>();
        var highs = new List<long>();
        await using var command = new NpgsqlCommand(ReadUncounted, connection) { Parameters = { Parameter.Of(StepOffsets) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            partitions.Add(reader.GetInt32(0));
            lows.Add(reader.GetInt64(1));
            highs.Add(reader.GetInt64(2));
        }

        return ([.. partitions], [.. lows], [.. highs]);
    }
}
