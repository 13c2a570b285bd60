using Npgsql;
using Pipeline.Postgres;
using Pipeline.DuckDb;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Postgres;

/// <summary>Streams the rows of a query from DuckDB to PostgreSQL: neither side holds them all.</summary>
internal sealed class CopyIntoTable(NpgsqlConnection connection, SinkRequest request, IReadOnlyList<CodedColumn> columns)
{
    private const int FlushBytes = 256 << 10;

    /// <summary>The rows that were copied.</summary>
    public long Rows { get; private set; }

    /// <summary>Their size on the way.</summary>
    public long Bytes { get; private set; }

    /// <summary>Copies into a table of these columns.</summary>
    public Task RunAsync(string table, CancellationToken cancellationToken) => request.Session.RunAsync(
        request.Query,
        async duck =>
        {
            await CopyAsync(duck, table, cancellationToken);
            return Rows;
        },
        cancellationToken);

    private async Task CopyAsync(DuckConnection duck, string table, CancellationToken cancellationToken)
    {
        var select = $"SELECT {string.Join(", ", columns.Select(c => c.Select))} FROM ({request.Query.Select})";
        using var result = duck.Query(select, cancellationToken);
        var copy = await connection.BeginRawBinaryCopyAsync(
            $"COPY {table} ({string.Join(", ", columns.Select(c => Sql.Identifier(c.Name)))}) FROM STDIN (FORMAT binary)", cancellationToken);
        try
        {
            var rows = new BinaryRows(columns);
            await copy.WriteAsync(BinaryRows.Header, cancellationToken);
            while (result.ReadChunk(out var chunk))
            {
                rows.Add(chunk);
                Rows += chunk.RowCount;
                if (rows.Written.Length < FlushBytes)
                    continue;
                await FlushAsync();
                request.Context.Log.Progress(Rows, Bytes);
            }

            await FlushAsync();
            await copy.WriteAsync(BinaryRows.Trailer, cancellationToken);

            async Task FlushAsync()
            {
                await copy.WriteAsync(rows.Written, cancellationToken);
                Bytes += rows.Written.Length;
                rows.Clear();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await copy.AbandonAsync();
            ThrowCause(duck, select, cancellationToken);
            throw;
        }
        catch
        {
            await copy.AbandonAsync();
            throw;
        }

        await copy.DisposeAsync();
    }

    /// <summary>
    /// Where a thread of a streaming query fails while its rows are fetched, DuckDB may say no more than that the query was interrupted, though nobody did.
    /// Without streaming it tells why.
    /// </summary>
    private static void ThrowCause(DuckConnection duck, string select, CancellationToken cancellationToken)
    {
        // The hash needs every column: none is left out of the second run.
        duck.Execute($"CREATE OR REPLACE TEMP TABLE pipeline_cause AS SELECT count(hash(r)) AS rows FROM ({select}) AS r", cancellationToken);
        throw new TransientException("The query was interrupted though nobody asked for it, and did not fail when it ran again.");
    }
}
