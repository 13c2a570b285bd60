using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>How data files are written.</summary>
public sealed record DeltaWriteOptions
{
    /// <summary>
    /// True where the rows are most likely of one partition: then the first row tells which, and all are written by one plain COPY. Should a row
    /// of another partition turn up, all is written again, divided. The query must be cheap to start and give the same rows again.
    /// </summary>
    public bool ExpectOnePartition { get; init; }

    /// <summary>
    /// The partition that the rows are of, where the caller knows it, with a value for each partition column as DuckDB writes it as text: as
    /// <see cref="ExpectOnePartition"/>, without the query for the first row.
    /// </summary>
    public IReadOnlyDictionary<string, string?>? Partition { get; init; }

    /// <summary>
    /// The rows of a row group at most; null leaves it to DuckDB (122,880). A thread that holds less than half of it at the end leaves its rows to another one:
    /// rows divided by threads makes all of them compress.
    /// </summary>
    public int? RowGroupRows { get; init; }

    /// <summary>
    /// The size in memory at which a row group ends, whatever its rows: what bounds memory where rows are wide. Null ends it by rows alone. Only for connections whose
    /// <c>preserve_insertion_order</c> is false.
    /// </summary>
    public long? RowGroupBytes { get; init; }

    /// <summary>True writes columns that the table lacks; pass <see cref="DeltaFiles.Schema"/> on to the append then. False refuses them.</summary>
    public bool AddColumns { get; init; }
}

/// <summary>Data files that are in the table's folder but not yet in the table.</summary>
/// <param name="Files">The files, with statistics; none where there were no rows.</param>
/// <param name="Schema">The schema of the table with the columns that the data adds.</param>
/// <param name="Rows">How many rows were written.</param>
/// <param name="Bytes">The size of the files.</param>
public sealed record DeltaFiles(IReadOnlyList<DeltaFile> Files, DeltaSchema Schema, long Rows, long Bytes);

public sealed partial class DeltaTable
{
    /// <summary>
    /// Writes the rows of a query as data files of this table: zstd parquet, one file a partition, partition columns not in the files, durable when the call
    /// returns. Nobody reads them before <see cref="AppendAsync"/>; should that never happen, vacuum removes them.
    /// </summary>
    /// <param name="connection">Runs the query; may hold temporary tables and settings that it needs. In use until the call returns.</param>
    /// <param name="query">A SELECT that gives the table's columns by name, in any order. Columns that it lacks become null.</param>
    /// <param name="options">How to write.</param>
    /// <param name="cancellationToken">Cancels the work; files that are in the table's folder by then are left to vacuum.</param>
    /// <exception cref="TerminalException">A column does not fit the table; the message names it.</exception>
    public async ValueTask<DeltaFiles> WriteFilesAsync(
        DuckConnection connection, string query, DeltaWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentException.ThrowIfNullOrEmpty(query);
        var snapshot = await SnapshotAsync(cancellationToken);
        return await new DataFileWriter(_location, snapshot, _time).WriteAsync(connection, query, options ?? new DeltaWriteOptions(), cancellationToken);
    }
}
