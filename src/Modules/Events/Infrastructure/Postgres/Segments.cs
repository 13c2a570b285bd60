using Npgsql;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Infrastructure.Postgres;

/// <summary>Creates the segments of table <c>events.user_events</c> as the log goes on, and keeps their block-range indexes up to date.</summary>
internal sealed class Segments(NpgsqlDataSource dataSource)
{
    /// <summary>How many offsets of each partition a segment holds. Fixed for the life of a database, as the segments' bounds are multiples of it.</summary>
    public const long Size = 1 << 20;

    /// <summary>After so many rows, a few MB, the index on time is told of them; until then they are read by every question about all users.</summary>
    private const int SummaryRows = 16_384;

    private readonly Lock _gate = new();

    /// <summary>The segments that are known to exist, with the rows stored since the last summary.</summary>
    private readonly Dictionary<long, int> _rows = [];

    /// <summary>Makes sure that there is a segment for each event of a batch that is about to be stored.</summary>
    public async ValueTask PrepareAsync(EventBatch batch, CancellationToken cancellationToken)
    {
        foreach (var (segment, rows) in Count(batch))
        {
            int before;
            bool known;
            lock (_gate)
                known = _rows.TryGetValue(segment, out before);
            if (!known)
                await CallAsync("SELECT events.ensure_segment($1, $2)", segment, withSize: true, cancellationToken);
            else if (before >= SummaryRows)
                await CallAsync("SELECT events.summarize_segment($1)", segment, withSize: false, cancellationToken);
            lock (_gate)
                _rows[segment] = before >= SummaryRows ? rows : before + rows;
        }
    }

    private async Task CallAsync(string sql, long segment, bool withSize, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(Parameter.Of(segment));
        if (withSize)
            command.Parameters.Add(Parameter.Of(Size));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static Dictionary<long, int> Count(EventBatch batch)
    {
        var rows = new Dictionary<long, int>();
        foreach (ref readonly var row in batch.Rows)
        {
            var segment = row.Offset / Size;
            rows[segment] = rows.GetValueOrDefault(segment) + 1;
        }

        return rows;
    }
}
