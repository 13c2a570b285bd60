using Pipeline.DuckDb;

namespace Pipeline.Lake;

public sealed partial class DeltaSnapshot
{
    /// <summary>
    /// A SELECT that gives the rows of this version with the table's columns, in order and typed. It names the files, so it stays right while they are
    /// there: for as long as the table keeps deleted files (seven days by default).
    /// </summary>
    /// <param name="filter">Leaves out files that cannot hold wanted rows; the rows of the other files are not filtered. Null reads all files.</param>
    /// <param name="cancellationToken">Cancels the fetching of remote files.</param>
    public ValueTask<string> ToSqlAsync(FileFilter? filter = null, CancellationToken cancellationToken = default) =>
        SnapshotSql.SelectAsync(this, filter is null ? Files : filter.Select(this), null, cancellationToken);

    /// <summary>Makes the rows of this version a temporary view of a connection; replaces a view of that name.</summary>
    /// <param name="connection">The connection; other connections do not see the view.</param>
    /// <param name="name">The view's name, not quoted.</param>
    /// <param name="filter">Leaves out files that cannot hold wanted rows; the rows of the other files are not filtered.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public async ValueTask CreateViewAsync(DuckConnection connection, string name, FileFilter? filter = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var select = await ToSqlAsync(filter, cancellationToken);
        connection.Execute($"CREATE OR REPLACE TEMP VIEW {Sql.Identifier(name)} AS {select}", cancellationToken);
    }
}
