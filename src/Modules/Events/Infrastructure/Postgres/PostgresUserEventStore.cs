using Npgsql;
using Pipeline.Events.Application;
using Pipeline.Events.Contracts;
using Pipeline.Events.Domain;
using Pipeline.Postgres;

namespace Pipeline.Events.Infrastructure.Postgres;

/// <summary>Events, counts and positions in PostgreSQL, moved together in one transaction.</summary>
internal sealed class PostgresUserEventStore(NpgsqlDataSource dataSource, Segments segments, TimeProvider time) : IUserEventStore
{
    private const string EnsurePositions =
        "INSERT INTO events.positions (partition) SELECT unnest($1) ON CONFLICT DO NOTHING";

    private const string ReadPositions =
        "SELECT partition, next_offset, aggregated_offset FROM events.positions WHERE partition = ANY ($1)";

    /// <summary>Compare-and-set: who comes second finds another position, also after having waited for the first one's commit.</summary>
    private const string MovePositions =
        """
        UPDATE events.positions p
        SET next_offset = d.next, aggregated_offset = CASE WHEN $4 THEN d.next ELSE p.aggregated_offset END
        FROM unnest($1, $2, $3) AS d (partition, expected, next)
        WHERE p.partition = d.partition AND p.next_offset = d.expected AND (NOT $4 OR p.aggregated_offset = d.expected)
        """;

    public async ValueTask<IReadOnlyDictionary<int, StoredPosition>> GetPositionsAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            var wanted = partitions.ToArray();
            await using (var ensure = new NpgsqlCommand(EnsurePositions, connection) { Parameters = { Parameter.Of(wanted) } })
                await ensure.ExecuteNonQueryAsync(cancellationToken);
            await using var read = new NpgsqlCommand(ReadPositions, connection) { Parameters = { Parameter.Of(wanted) } };
            await using var reader = await read.ExecuteReaderAsync(cancellationToken);
            var positions = new Dictionary<int, StoredPosition>();
            while (await reader.ReadAsync(cancellationToken))
                positions.Add(reader.GetInt32(0), new StoredPosition(reader.GetInt64(1), reader.GetInt64(2)));
            return positions;
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, "Read the positions of user events");
        }
    }

    public async ValueTask<bool> StoreAsync(EventBatch batch, bool count, CancellationToken cancellationToken)
    {
        if (batch.Ranges.Count == 0)
            return true;
        try
        {
            using var pairs = PairCounts.Of(batch);
            await segments.PrepareAsync(batch, cancellationToken);
            await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (!await MovePositionsAsync(connection, batch, count, cancellationToken))
                return false;
            if (batch.Count > 0)
            {
                await RowCopy.WriteAsync(connection, batch, pairs.RowOrder, cancellationToken);
                if (count)
                    await PairUpsert.AddAsync(connection, pairs, time.GetUtcNow(), cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (Exception e)
        {
            throw Translate(e, $"Store {batch.Count} user events");
        }
    }

    public async ValueTask<long> AggregateAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Aggregation.RunAsync(dataSource, time, cancellationToken);
        }
        catch (Exception e)
        {
            throw Translate(e, "Count user events");
        }
    }

    public async ValueTask<EventCountsPage> GetCountsAsync(GetEventCounts query, CancellationToken cancellationToken)
    {
        try
        {
            return await EventQueries.CountsAsync(dataSource, query, cancellationToken);
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, "Read the counts of user events");
        }
    }

    public async ValueTask<IReadOnlyList<StoredUserEvent>> GetEventsAsync(GetUserEvents query, CancellationToken cancellationToken)
    {
        try
        {
            return await EventQueries.EventsAsync(dataSource, query, cancellationToken);
        }
        catch (Exception e)
        {
            throw PostgresErrors.Translate(e, "Read user events");
        }
    }

    private static async Task<bool> MovePositionsAsync(NpgsqlConnection connection, EventBatch batch, bool count, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(MovePositions, connection)
        {
            Parameters =
            {
                Parameter.Of(batch.Ranges.Select(r => r.Partition).ToArray()),
                Parameter.Of(batch.Ranges.Select(r => r.Expected).ToArray()),
                Parameter.Of(batch.Ranges.Select(r => r.Next).ToArray()),
                Parameter.Of(count),
            },
        };
        return await command.ExecuteNonQueryAsync(cancellationToken) == batch.Ranges.Count;
    }

    /// <summary>Two workers that count a pair for the first time at once: one of them has to come again.</summary>
    private static Exception Translate(Exception exception, string operation) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } race
            ? new TransientException($"{operation}: {race.MessageText} ({race.SqlState})", race)
            : PostgresErrors.Translate(exception, operation);
}
