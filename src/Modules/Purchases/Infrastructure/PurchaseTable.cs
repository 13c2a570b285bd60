using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.DuckDb;
using Pipeline.EventLog;
using Pipeline.Lake;
using Pipeline.Purchases.Application;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>The table of orders in the lake.</summary>
internal sealed class PurchaseTable(LakeCatalog lake, LandingEngine engine, ILogger<PurchaseTable> logger) : IPurchaseTable
{
    /// <summary>
    /// A merged file is too large for the level that made it, sooner or later: a row is rewritten a few times, not with every merge after it.
    /// </summary>
    private static readonly DeltaCompaction[] s_levels =
    [
        new() { SmallBytes = 2L << 20, TargetBytes = 16L << 20, MinFiles = 16 },
        new() { SmallBytes = 24L << 20, TargetBytes = 128L << 20, MinFiles = 16 },
    ];

    private static readonly DeltaCompaction[] s_rest = [new() { SmallBytes = 96L << 20, TargetBytes = 128L << 20, MinFiles = 2 }];

    private DeltaTable Table => lake.Table(PurchasedItemsTable.Path);

    public async ValueTask<IReadOnlyDictionary<int, long>> GetLandedAsync(CancellationToken cancellationToken)
    {
        var snapshot = await Table.CreateIfNotExistsAsync(LandingSql.Definition, cancellationToken);
        var landed = new Dictionary<int, long>();
        foreach (var (app, offset) in snapshot.Transactions)
        {
            if (app.StartsWith(PurchasedItemsTable.TransactionPrefix, StringComparison.Ordinal)
                && int.TryParse(app.AsSpan(PurchasedItemsTable.TransactionPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var partition))
                landed[partition] = offset;
        }

        return landed;
    }

    public async ValueTask<AppendOutcome> AppendAsync(Landing landing, CancellationToken cancellationToken)
    {
        IReadOnlyList<DeltaFile> files = [];
        if (landing.Rows > 0)
        {
            using var connection = engine.Connect();
            try
            {
                files = await WriteAsync(connection, landing, cancellationToken);
            }
            catch (TerminalException e)
            {
                engine.Release();
                if (landing.Refused.Count > 0)
                    throw;
                var refused = await Task.Run(() => FindRefused(landing, cancellationToken), cancellationToken);
                if (refused.Count == 0)
                    throw;
                Log.RowsRefused(logger, refused.Count, landing.Rows, e.Message);
                return new AppendOutcome(null, refused);
            }
            catch (TransientException)
            {
                engine.Release();
                throw;
            }
        }

        var result = await Table.AppendAsync(
            new DeltaAppend
            {
                Files = files,
                Transactions = [.. landing.Partitions.Select(
                    p => new DeltaTransaction(PurchasedItemsTable.TransactionApp(p.Key), p.Value.Expected, p.Value.Last))],
                Operation = "STREAMING UPDATE",
            },
            cancellationToken);
        if (result.Committed)
            return AppendOutcome.At(result.Version);
        await Table.DiscardFilesAsync(files, cancellationToken);
        return AppendOutcome.Fenced;
    }

    public async ValueTask<PurchasesCompacted> CompactAsync(bool all, CancellationToken cancellationToken)
    {
        var done = new PurchasesCompacted(0, 0, 0, 0);
        foreach (var level in all ? s_rest : s_levels)
        {
            // The lake opens its engine for a compaction: not for nothing.
            if (await Table.TrySnapshotAsync(cancellationToken) is not { } snapshot || !IsWorthIt(snapshot, level))
                continue;
            var result = await Table.CompactAsync(level, cancellationToken);
            done = new PurchasesCompacted(
                done.FilesRemoved + result.FilesRemoved, done.FilesAdded + result.FilesAdded,
                done.BytesRemoved + result.BytesRemoved, done.BytesAdded + result.BytesAdded);
        }

        return done;
    }

    public async ValueTask<PurchasesVacuumed> VacuumAsync(bool dryRun, CancellationToken cancellationToken)
    {
        if (!await Table.ExistsAsync(cancellationToken))
            return new PurchasesVacuumed(0, 0);
        var result = await Table.VacuumAsync(new DeltaVacuum { DryRun = dryRun }, cancellationToken);
        return new PurchasesVacuumed(result.Files.Count, result.Bytes);
    }

    private static bool IsWorthIt(DeltaSnapshot snapshot, DeltaCompaction level) => snapshot.Files
        .Where(f => f.Size < level.SmallBytes)
        .GroupBy(f => f.PartitionValues[PurchasedItemsTable.OrderDate], StringComparer.Ordinal)
        .Any(g => g.Count() >= level.MinFiles);

    /// <exception cref="TerminalException">Not every line became a row.</exception>
    private async ValueTask<IReadOnlyList<DeltaFile>> WriteAsync(DuckConnection connection, Landing landing, CancellationToken cancellationToken)
    {
        var write = new DeltaWriteOptions { Partition = PartitionOf(landing) };
        var written = await Table.WriteFilesAsync(connection, LandingSql.Rows(landing), write, cancellationToken);
        if (written.Rows == landing.Rows)
            return written.Files;
        await Table.DiscardFilesAsync(written.Files, cancellationToken);
        throw new TerminalException($"Landing purchases: {landing.Rows} lines became {written.Rows} rows.");
    }

    /// <summary>The partition where all rows are of one, as nearly always; null where they are of several.</summary>
    private static Dictionary<string, string?>? PartitionOf(Landing landing)
    {
        var date = DateOnly.FromDateTime(landing.Earliest!.Value.UtcDateTime);
        return date == DateOnly.FromDateTime(landing.Latest!.Value.UtcDateTime)
            ? new Dictionary<string, string?> { [PurchasedItemsTable.OrderDate] = date.ToString("O", CultureInfo.InvariantCulture) }
            : null;
    }

    /// <summary>The lines that do not become whole rows: all that were written but those that do.</summary>
    private List<RecordPosition> FindRefused(Landing landing, CancellationToken cancellationToken)
    {
        var good = new HashSet<RecordPosition>();
        using (var connection = engine.Connect())
        using (var result = connection.Query(LandingSql.GoodPositions(landing), cancellationToken))
        {
            while (result.ReadChunk(out var chunk))
            {
                var partitions = chunk.Column(0);
                var offsets = chunk.Column(1);
                for (var row = 0; row < chunk.RowCount; row++)
                    good.Add(new RecordPosition((int)partitions.GetInt64(row), offsets.GetInt64(row)));
            }
        }

        var refused = new List<RecordPosition>();
        foreach (var line in File.ReadLines(landing.File.Path))
        {
            if (PositionOf(line) is var position && !good.Contains(position))
                refused.Add(position);
        }

        return refused;
    }

    // Lines begin with {"k":[PARTITION,OFFSET, as Landing writes them.
    private static RecordPosition PositionOf(string line)
    {
        var rest = line.AsSpan("{\"k\":[".Length);
        var comma = rest.IndexOf(',');
        var partition = int.Parse(rest[..comma], NumberStyles.None, CultureInfo.InvariantCulture);
        rest = rest[(comma + 1)..];
        return new RecordPosition(partition, long.Parse(rest[..rest.IndexOf(',')], NumberStyles.None, CultureInfo.InvariantCulture));
    }
}
