using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

/// <summary>What tests of tables do over and over.</summary>
internal static class Lakes
{
    public static LakeCatalog Open(IObjectStore store, TimeProvider? time = null, LakeOptions? options = null) =>
        new(store, options ?? new LakeOptions { EngineThreads = 1 }, time ?? TimeProvider.System, NullLogger<LakeCatalog>.Instance);

    public static async Task<DeltaAppendResult> AppendAsync(
        this DeltaTable table, DuckConnection connection, string query, DeltaWriteOptions? options = null, params DeltaTransaction[] transactions)
    {
        var written = await table.WriteFilesAsync(connection, query, options);
        return await table.AppendAsync(new DeltaAppend
        {
            Files = written.Files,
            Schema = options?.AddColumns == true ? written.Schema : null,
            Transactions = transactions,
        });
    }

    /// <summary>The rows of a snapshot as text, sorted.</summary>
    public static async Task<List<string>> RowsAsync(this DeltaSnapshot snapshot, DuckConnection connection, string columns = "*", FileFilter? filter = null)
    {
        await snapshot.CreateViewAsync(connection, "rows_of_snapshot", filter);
        return connection.Texts($"SELECT to_json(r)::VARCHAR FROM (SELECT {columns} FROM rows_of_snapshot) r ORDER BY 1");
    }

    public static List<string> Texts(this DuckConnection connection, string query)
    {
        var texts = new List<string>();
        using var result = connection.Query(query);
        while (result.ReadChunk(out var chunk))
        {
            var column = chunk.Column(0);
            for (var i = 0; i < chunk.RowCount; i++)
                texts.Add(column.GetString(i));
        }

        return texts;
    }
}
