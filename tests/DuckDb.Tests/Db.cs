namespace Pipeline.DuckDb.Tests;

/// <summary>One database in memory with one connection.</summary>
internal sealed class Db : IDisposable
{
    public Db(DuckOptions? options = null)
    {
        Database = DuckDatabase.Open(options ?? new DuckOptions { Threads = 2 });
        Connection = Database.Connect();
    }

    public DuckDatabase Database { get; }

    public DuckConnection Connection { get; }

    /// <summary>All values of the first column as text, NULL as null.</summary>
    public static List<string?> Texts(DuckResult result)
    {
        var texts = new List<string?>();
        while (result.ReadChunk(out var chunk))
        {
            var column = chunk.Column(0);
            for (var row = 0; row < chunk.RowCount; row++)
                texts.Add(column.IsNull(row) ? null : column.GetString(row));
        }

        return texts;
    }

    public List<string?> Texts(string sql)
    {
        using var result = Connection.Query(sql);
        return Texts(result);
    }

    public void Dispose()
    {
        Connection.Dispose();
        Database.Dispose();
    }
}
