namespace Pipeline.Lake;

public sealed partial class DeltaSnapshot
{
    /// <summary>
    /// A SELECT as <see cref="ToSqlAsync"/> gives it, of the rows in some of this version's files only: for readers that follow a table and look
    /// at what is new, or that chose files by their own rules.
    /// </summary>
    /// <param name="files">Files out of <see cref="Files"/>.</param>
    /// <param name="cancellationToken">Cancels the fetching of remote files.</param>
    public ValueTask<string> FilesToSqlAsync(IReadOnlyList<DeltaFile> files, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        return SnapshotSql.SelectAsync(this, files, null, cancellationToken);
    }
}
