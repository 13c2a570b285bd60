using Pipeline.DuckDb;
using Pipeline.Lake;
using Table = Pipeline.Purchases.Contracts.PurchasedItemsTable;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>Brings the tables of the order index to a version, all in one transaction.</summary>
internal sealed class IndexBuild(DuckConnection connection, DeltaSnapshot snapshot, CancellationToken cancellationToken)
{
    private const string Tables =
        """
        CREATE TABLE IF NOT EXISTS order_index (version VARCHAR);
        CREATE TABLE IF NOT EXISTS order_keys (key UBIGINT, day DATE);
        CREATE TABLE IF NOT EXISTS order_watermarks (_partition INTEGER, last BIGINT);
        CREATE TABLE IF NOT EXISTS repeated_orders (_partition INTEGER, _offset BIGINT);
        """;

    public DeltaSnapshot Snapshot { get; } = snapshot;

    /// <summary>The rows of the version.</summary>
    public long Rows { get; private set; }

    /// <summary>The rows that repeat an order.</summary>
    public long Repeated { get; private set; }

    /// <summary>Adds the rows of files that the version before did not have, as far as they are new.</summary>
    /// <param name="rowsBefore">The rows of the version before.</param>
    /// <param name="files">The files.</param>
    /// <returns>The number of new rows; null where it does not add up: then nothing was done.</returns>
    public async Task<long?> TryExtendAsync(long rowsBefore, IReadOnlyList<DeltaFile> files)
    {
        var source = await Snapshot.FilesToSqlAsync(files, cancellationToken);
        await ExecuteAsync(
            $"""
            BEGIN TRANSACTION;
            CREATE OR REPLACE TEMP TABLE new_orders AS
            SELECT hash(OrderId) AS key, OrderDate AS day, _partition, _offset
            FROM ({source}) LEFT JOIN order_watermarks USING (_partition)
            WHERE _offset > coalesce(last, -1);
            """);
        var added = await CountAsync("SELECT count(*) FROM new_orders");
        Rows = await CountRowsAsync();
        if (rowsBefore + added != Rows)
        {
            await ExecuteAsync("ROLLBACK");
            return null;
        }

        await ExecuteAsync(
            """
            CREATE OR REPLACE TEMP TABLE suspects AS
            WITH twice AS (
                SELECT key FROM new_orders GROUP BY key HAVING count(*) > 1
                UNION
                SELECT key FROM order_keys SEMI JOIN new_orders USING (key))
            SELECT key, day FROM order_keys SEMI JOIN twice USING (key)
            UNION
            SELECT key, day FROM new_orders SEMI JOIN twice USING (key);
            INSERT INTO order_keys SELECT key, day FROM new_orders;
            """);
        await JudgeSuspectsAsync();
        await FinishAsync(
            """
            SELECT _partition, max(_offset) AS last
            FROM (SELECT _partition, _offset FROM new_orders UNION ALL FROM order_watermarks)
            GROUP BY _partition
            """);
        return added;
    }

    /// <summary>Looks at all rows.</summary>
    public async Task RebuildAsync()
    {
        var source = await Snapshot.ToSqlAsync(cancellationToken: cancellationToken);
        await ExecuteAsync(
            $"""
            BEGIN TRANSACTION;
            {Tables}
            CREATE OR REPLACE TABLE order_keys AS SELECT hash(OrderId) AS key, OrderDate AS day FROM ({source});
            DELETE FROM repeated_orders;
            CREATE OR REPLACE TEMP TABLE suspects AS
            SELECT DISTINCT key, day FROM order_keys SEMI JOIN (SELECT key FROM order_keys GROUP BY key HAVING count(*) > 1) USING (key);
            """);
        Rows = await CountAsync("SELECT count(*) FROM order_keys");
        await JudgeSuspectsAsync();
        await FinishAsync($"SELECT _partition, max(_offset) AS last FROM ({source}) GROUP BY _partition");
    }

    /// <summary>Reads the rows behind keys that occur more than once, and notes which of them repeat an order.</summary>
    private async Task JudgeSuspectsAsync()
    {
        var days = await DaysOfSuspectsAsync();
        if (days.Count > 0)
        {
            var source = await Snapshot.FilesToSqlAsync([.. Snapshot.Files.Where(f => IsOf(f, days))], cancellationToken);
            await ExecuteAsync(
                $"""
                CREATE OR REPLACE TEMP TABLE judged AS
                SELECT _partition, _offset, row_number() OVER (PARTITION BY OrderId ORDER BY _ingested_at, _partition, _offset) AS place
                FROM ({source}) WHERE hash(OrderId) IN (SELECT key FROM suspects);
                DELETE FROM repeated_orders WHERE (_partition, _offset) IN (SELECT (_partition, _offset) FROM judged);
                INSERT INTO repeated_orders SELECT _partition, _offset FROM judged WHERE place > 1;
                DROP TABLE judged;
                """);
        }

        Repeated = await CountAsync("SELECT count(*) FROM repeated_orders");
    }

    private Task<long> FinishAsync(string watermarks) => ExecuteAsync(
        $"""
        CREATE OR REPLACE TEMP TABLE watermarks AS {watermarks};
        DELETE FROM order_watermarks;
        INSERT INTO order_watermarks FROM watermarks;
        DELETE FROM order_index;
        INSERT INTO order_index VALUES ({Sql.Literal(OrderIndex.NameOf(Snapshot))});
        COMMIT;
        """);

    private async Task<long> CountRowsAsync() =>
        Snapshot.RowCount ?? await CountAsync($"SELECT count(*) FROM ({await Snapshot.ToSqlAsync(cancellationToken: cancellationToken)})");

    private static bool IsOf(DeltaFile file, HashSet<string> days) =>
        !file.PartitionValues.TryGetValue(Table.OrderDate, out var day) || string.IsNullOrEmpty(day) || days.Contains(day);

    private Task<HashSet<string>> DaysOfSuspectsAsync() => Task.Run(
        () =>
        {
            var days = new HashSet<string>(StringComparer.Ordinal);
            using var result = connection.Query("SELECT DISTINCT coalesce(strftime(day, '%Y-%m-%d'), '') FROM suspects", cancellationToken);
            while (result.ReadChunk(out var chunk))
            {
                var column = chunk.Column(0);
                for (var row = 0; row < chunk.RowCount; row++)
                    days.Add(column.GetString(row));
            }

            return days;
        },
        cancellationToken);

    private Task<long> CountAsync(string sql) => Task.Run(() => connection.QueryInt64(sql, cancellationToken) ?? 0, cancellationToken);

    private Task<long> ExecuteAsync(string sql) => Task.Run(() => connection.Execute(sql, cancellationToken), cancellationToken);
}
