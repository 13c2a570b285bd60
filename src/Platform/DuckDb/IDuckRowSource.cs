namespace Pipeline.DuckDb;

/// <summary>Rows that code makes, for SQL to read as a table; see <see cref="DuckConnection.Expose"/>.</summary>
public interface IDuckRowSource
{
    /// <summary>The columns: a name, and a type as SQL writes it, such as <c>DECIMAL(18,4)</c> or <c>STRUCT(a INTEGER, b VARCHAR)[]</c>.</summary>
    IReadOnlyList<(string Name, string Type)> Columns { get; }

    /// <summary>Starts a scan of all rows: once for each time that a query mentions the table.</summary>
    IDuckRowScan BeginScan();
}

/// <summary>One scan of an <see cref="IDuckRowSource"/>, by several threads at once. What it throws ends the query with the exception's message.</summary>
public interface IDuckRowScan
{
    /// <summary>How many threads it may keep busy.</summary>
    int MaxThreads { get; }

    /// <summary>Opens a reader for one thread; the readers of a scan share its rows out among themselves. Called by any thread.</summary>
    IDuckRowReader OpenReader();
}

/// <summary>One thread's share of a scan.</summary>
public interface IDuckRowReader
{
    /// <summary>Writes up to <see cref="DuckRowWriter.Capacity"/> next rows, in any order, every column of each.</summary>
    /// <returns>How many rows were written; 0 where there are no more for this reader.</returns>
    int Read(DuckRowWriter rows);
}
