using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>How rows of a query go into a table that may hold rows of the same keys.</summary>
public sealed record DeltaMerge
{
    /// <summary>The columns that tell rows apart, at least one. Null equals null. No two rows of the query may have the same keys.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>
    /// True lets a row of the query replace the table's row of its keys; columns that the query lacks keep their value. False leaves that row.
    /// </summary>
    public bool UpdateMatched { get; init; } = true;

    /// <summary>True adds columns that the table lacks. False refuses them.</summary>
    public bool AddColumns { get; init; }

    /// <inheritdoc cref="DeltaWriteOptions.RowGroupBytes"/>
    public long? RowGroupBytes { get; init; }
}

/// <summary>What a merge did.</summary>
/// <param name="Snapshot">The table after it.</param>
/// <param name="RowsInserted">Rows whose keys the table did not hold.</param>
/// <param name="RowsUpdated">Rows whose keys the table held and that replaced its row; rows that the table held as they are do not count.</param>
/// <param name="FilesRemoved">Files that held a replaced row.</param>
/// <param name="FilesAdded">Files that were written: new rows, replaced ones, and what else was in the removed files.</param>
public sealed record DeltaMergeResult(DeltaSnapshot Snapshot, long RowsInserted, long RowsUpdated, int FilesRemoved, int FilesAdded);

public sealed partial class DeltaTable
{
    private const int MergeAttempts = 10;
    private const string FileColumn = "__pipeline_file";

    /// <summary>
    /// Inserts the rows of a query or, where the table holds a row of the same keys, replaces that one (upsert). Done twice it is as done once. Only
    /// files with a row that is replaced by another one are written anew. Where others commit meanwhile the merge is made again on their version.
    /// </summary>
    /// <param name="connection">Runs the query and holds its rows in a temporary table until the call returns.</param>
    /// <param name="query">A SELECT that gives the table's columns by name, in any order, keys among them.</param>
    /// <param name="merge">How to merge.</param>
    /// <param name="cancellationToken">Cancels the work before its commit.</param>
    /// <exception cref="TerminalException">Two rows of the query have the same keys, or a column does not fit the table.</exception>
    /// <exception cref="TransientException">Others committed first again and again.</exception>
    public async ValueTask<DeltaMergeResult> MergeAsync(
        DuckConnection connection, string query, DeltaMerge merge, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(merge);
        if (merge.Keys.Count == 0)
            throw new ArgumentException("A merge needs a key.", nameof(merge));

        var source = $"pipeline_merge_{Guid.NewGuid():N}";
        await Task.Run(() => connection.Execute($"CREATE TEMP TABLE {source} AS {query}", cancellationToken), cancellationToken);
        try
        {
            RefuseDuplicates(connection, source, merge, cancellationToken);
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await TryMergeAsync(connection, source, merge, cancellationToken);
                }
                catch (DeltaConflictException) when (attempt < MergeAttempts)
                {
                    _logger.MergeConflict(Path, attempt);
                }
            }
        }
        finally
        {
            connection.Execute($"DROP TABLE IF EXISTS {source}; DROP TABLE IF EXISTS {ChangedOf(source)}", CancellationToken.None);
        }
    }

    private async ValueTask<DeltaMergeResult> TryMergeAsync(DuckConnection connection, string source, DeltaMerge merge, CancellationToken cancellationToken)
    {
        var snapshot = await SnapshotAsync(cancellationToken);
        var fitted = SourceQuery.Describe(connection, $"SELECT * FROM {source}", snapshot, merge.AddColumns, cancellationToken);
        var keys = merge.Keys
            .Select(k => snapshot.Schema.Find(k) ?? throw new TerminalException($"Merge into Delta table '{Path}': it has no column '{k}'."))
            .ToList();
        var candidates = CandidateFiles(connection, source, snapshot, keys, cancellationToken);
        var target = await SnapshotSql.SelectAsync(snapshot, candidates, FileColumn, cancellationToken);
        var match = string.Join(" AND ", keys.Select(k => $"s.{Sql.Identifier(k.Name)} IS NOT DISTINCT FROM t.{Sql.Identifier(k.Name)}"));
        if (merge.UpdateMatched && candidates.Count > 0)
            source = LeaveOutUnchanged(connection, snapshot, fitted, source, target, match, cancellationToken);

        var touched = Touched(connection, $"SELECT DISTINCT t.{FileColumn} FROM ({target}) t SEMI JOIN {source} s ON {match}", candidates, cancellationToken);
        var rewritten = merge.UpdateMatched ? touched : [];
        if (rewritten.Count > 0)
            RefuseAppendOnly(snapshot, "Merge into");
        var matched = await SnapshotSql.SelectAsync(snapshot, touched, null, cancellationToken);
        var rows = connection.QueryInt64($"SELECT count(*) FROM {source}", cancellationToken) ?? 0;
        var inserted = connection.QueryInt64($"SELECT count(*) FROM {source} s ANTI JOIN ({matched}) t ON {match}", cancellationToken) ?? 0;

        var written = await WriteFilesAsync(
            connection,
            merge.UpdateMatched ? Upsert(snapshot, fitted, source, keys, matched, match) : $"SELECT s.* FROM {source} s ANTI JOIN ({matched}) t ON {match}",
            new DeltaWriteOptions { AddColumns = merge.AddColumns, RowGroupBytes = merge.RowGroupBytes },
            cancellationToken);
        return await CommitMergeAsync(snapshot, rewritten, written, inserted, merge.UpdateMatched ? rows - inserted : 0, merge, cancellationToken);
    }

    private static string ChangedOf(string source) => source + "_changed";

    /// <summary>The rows of the query that the table does not hold as they are: a merge done again changes nothing and writes nothing.</summary>
    private static string LeaveOutUnchanged(
        DuckConnection connection, DeltaSnapshot snapshot, SourceQuery fitted, string source, string target, string match, CancellationToken cancellationToken)
    {
        var same = fitted.Given.Fields.Select(f => snapshot.Schema.Find(f.Name) is { } column
            ? $"CAST(s.{Sql.Identifier(f.Name)} AS {column.Type.ToSql()}) IS NOT DISTINCT FROM t.{Sql.Identifier(f.Name)}"
            : $"s.{Sql.Identifier(f.Name)} IS NULL");

        // A key that the table holds more than once is replaced, by one row.
        connection.Execute(
            $"""
            CREATE OR REPLACE TEMP TABLE {ChangedOf(source)} AS
            SELECT * FROM {source} WHERE rowid NOT IN (
                SELECT s.rowid FROM {source} s JOIN ({target}) t ON {match} GROUP BY s.rowid HAVING count(*) = 1 AND bool_and({string.Join(" AND ", same)}))
            """,
            cancellationToken);
        return ChangedOf(source);
    }

    private async ValueTask<DeltaMergeResult> CommitMergeAsync(
        DeltaSnapshot snapshot, List<DeltaFile> removed, DeltaFiles written, long inserted, long updated, DeltaMerge merge, CancellationToken cancellationToken)
    {
        if (removed.Count == 0 && written.Files.Count == 0)
            return new DeltaMergeResult(snapshot, 0, 0, 0, 0);
        try
        {
            var (after, _) = await _committer.CommitAsync(
                current =>
                {
                    // Any row that came meanwhile may be of one of the keys.
                    RefuseChanged(snapshot, current!, static _ => true);
                    if (removed.Any(f => !current!.State.Files.ContainsKey(UriPath.Decode(f.Path))))
                        throw new DeltaConflictException($"Merge into Delta table '{Path}': files that it replaces were compacted meanwhile.");
                    return PlanMerge(current!, removed, written, inserted, updated, merge);
                },
                cancellationToken);
            return new DeltaMergeResult(after!, inserted, updated, removed.Count, written.Files.Count);
        }
        catch (DeltaConflictException)
        {
            await DiscardFilesAsync(written.Files, cancellationToken);
            throw;
        }
    }

    private CommitPlan PlanMerge(DeltaSnapshot current, List<DeltaFile> removed, DeltaFiles written, long inserted, long updated, DeltaMerge merge)
    {
        var actions = new List<ActionLine>();
        AddSchema(actions, current, merge.AddColumns ? written.Schema : null);
        RemoveFiles(actions, removed, dataChange: true);
        AddFiles(actions, current, written.Files, merge.AddColumns ? written.Schema : null);
        return new CommitPlan("MERGE", actions)
        {
            Parameters = new Dictionary<string, string> { ["keys"] = Parameters.List(merge.Keys) },
            Metrics = new Dictionary<string, string>
            {
                ["numTargetRowsInserted"] = Parameters.Number(inserted),
                ["numTargetRowsUpdated"] = Parameters.Number(updated),
                ["numTargetRowsCopied"] = Parameters.Number(written.Rows - inserted - updated),
                ["numTargetFilesRemoved"] = Parameters.Number(removed.Count),
                ["numTargetFilesAdded"] = Parameters.Number(written.Files.Count),
            },
        };
    }

    // Rows of the touched files that stay, then all rows of the query. Columns that the query lacks come from the row that is replaced.
    private static string Upsert(DeltaSnapshot snapshot, SourceQuery fitted, string source, List<DeltaField> keys, string matched, string match)
    {
        var given = fitted.Given;
        var all = fitted.Schema.Fields;
        var kept = all.Select(f => snapshot.Schema.Find(f.Name) is null
            ? $"CAST(NULL AS {f.Type.ToSql()}) AS {Sql.Identifier(f.Name)}"
            : $"CAST(t.{Sql.Identifier(f.Name)} AS {f.Type.ToSql()}) AS {Sql.Identifier(f.Name)}");
        var missing = all.Where(f => given.Find(f.Name) is null).ToList();
        var names = string.Join(", ", keys.Select(k => Sql.Identifier(k.Name)));
        var replaced = all.Select(f => $"CAST({(missing.Contains(f) ? "t" : "s")}.{Sql.Identifier(f.Name)} AS {f.Type.ToSql()}) AS {Sql.Identifier(f.Name)}");
        var rows = missing.Count == 0
            ? $"FROM {source} s"
            : $"FROM {source} s LEFT JOIN (SELECT DISTINCT ON ({names}) * FROM ({matched})) t ON {match}";
        return $"SELECT {string.Join(", ", kept)} FROM ({matched}) t ANTI JOIN {source} s ON {match} UNION ALL SELECT {string.Join(", ", replaced)} {rows}";
    }

    private void RefuseDuplicates(DuckConnection connection, string source, DeltaMerge merge, CancellationToken cancellationToken)
    {
        var names = string.Join(", ", merge.Keys.Select(Sql.Identifier));
        var twice = connection.QueryInt64($"SELECT count(*) FROM (SELECT 1 FROM {source} GROUP BY {names} HAVING count(*) > 1)", cancellationToken);
        if (twice > 0)
            throw new TerminalException($"Merge into Delta table '{Path}': {twice} keys ({string.Join(", ", merge.Keys)}) are in several rows of the query.");
    }

    // By the range of the query's keys. A null key may be anywhere.
    private static IReadOnlyList<DeltaFile> CandidateFiles(
        DuckConnection connection, string source, DeltaSnapshot snapshot, List<DeltaField> keys, CancellationToken cancellationToken)
    {
        var filter = new FileFilter();
        foreach (var key in keys)
        {
            var name = Sql.Identifier(key.Name);
            using var result = connection.Query(
                $"SELECT min({name})::VARCHAR, max({name})::VARCHAR, count(*) - count({name}) "
                + $"FROM (SELECT CAST({name} AS {key.Type.ToSql()}) AS {name} FROM {source})",
                cancellationToken);
            if (!result.ReadChunk(out var chunk) || chunk.Column(2).GetInt64(0) > 0 || chunk.Column(0).IsNull(0))
                continue;
            if (FilterValue.Parse(chunk.Column(0).GetString(0), key.Type) is { } low && low.Fits(key.Type)
                && FilterValue.Parse(chunk.Column(1).GetString(0), key.Type) is { } high)
                filter.AtLeast(key.Name, low).AtMost(key.Name, high);
        }

        return filter.Select(snapshot);
    }

    private static List<DeltaFile> Touched(
        DuckConnection connection, string query, IReadOnlyList<DeltaFile> candidates, CancellationToken cancellationToken)
    {
        var files = new List<DeltaFile>();
        using var result = connection.Query(query, cancellationToken);
        while (result.ReadChunk(out var chunk))
        {
            for (var i = 0; i < chunk.RowCount; i++)
                files.Add(candidates[chunk.Column(0).GetInt32(i)]);
        }

        return files;
    }
}
