using System.Globalization;
using Microsoft.Extensions.Options;
using Pipeline.Lake;
using Pipeline.Purchases.Application;
using Pipeline.Purchases.Contracts;

namespace Pipeline.Purchases.Infrastructure;

/// <summary>The table of orders in the lake.</summary>
internal sealed class PurchaseTable(LakeCatalog lake, LandingEngine engine, IOptions<PurchasesOptions> options) : IPurchaseTable
{
    /// <summary>
    /// A merged file is too large for the level that made it, sooner or later: a row is rewritten a few times, not with every merge after it.
    /// </summary>
    private static readonly DeltaCompaction[] _levels =
    [
        new() { SmallBytes = 2L << 20, TargetBytes = 16L << 20, MinFiles = 16 },
        new() { SmallBytes = 24L << 20, TargetBytes = 128L << 20, MinFiles = 16 },
    ];

    private const int SmallestRowGroup = 20_480;
    private const int LargestRowGroup = 122_880;

    private static readonly DeltaCompaction[] _rest = [new() { SmallBytes = 96L << 20, TargetBytes = 128L << 20, MinFiles = 2 }];

    private DeltaTable Table => lake.Table(PurchasedItemsTable.Path);

    public async ValueTask<IReadOnlyDictionary<int, long>> GetLandedAsync(CancellationToken cancellationToken)
    {
        var snapshot = await Table.CreateIfNotExistsAsync(PurchaseTableDefinition.Definition, cancellationToken);
        var landed = new Dictionary<int, long>();
        foreach (var (app, offset) in snapshot.Transactions)
        {
            if (app.StartsWith(PurchasedItemsTable.TransactionPrefix, StringComparison.Ordinal)
                && int.TryParse(app.AsSpan(PurchasedItemsTable.TransactionPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var partition))
                landed[partition] = offset;
        }

        return landed;
    }

    public async ValueTask<WrittenOrders> WriteAsync(Landing landing, CancellationToken cancellationToken)
    {
        if (landing.Records == 0)
            return new WrittenOrders([], 0, null, null, []);
        var rows = new OrderRows(landing, options.Value.EngineThreads);
        try
        {
            using var connection = engine.Connect();
            using var table = connection.Expose(rows);

            // Orders of several dates are found out by the write itself, which then makes a file for each.
            var write = new DeltaWriteOptions { Partition = rows.FirstPartition(), RowGroupRows = RowGroupRows(landing.Records) };
            var written = await Table.WriteFilesAsync(connection, $"FROM {table.Sql}", write, cancellationToken);
            var result = rows.Result;
            if (written.Rows == result.Rows)
                return new WrittenOrders(written.Files, result.Rows, result.Earliest, result.Latest, result.DeadLetters);
            await Table.DiscardFilesAsync(written.Files, cancellationToken);
            throw new TerminalException($"Landing purchases: {result.Rows} orders became {written.Rows} rows.");
        }
        catch (Exception e) when (e is TerminalException or TransientException)
        {
            engine.Release();
            throw;
        }
    }

    public async ValueTask<long?> CommitAsync(Landing landing, WrittenOrders orders, CancellationToken cancellationToken)
    {
        var result = await Table.AppendAsync(
            new DeltaAppend
            {
                Files = orders.Files,
                Transactions = [.. landing.Partitions.Select(
                    p => new DeltaTransaction(PurchasedItemsTable.TransactionApp(p.Key), p.Value.Expected, p.Value.Last))],
                Operation = "STREAMING UPDATE",
            },
            cancellationToken);
        if (result.Committed)
            return result.Version;
        await Table.DiscardFilesAsync(orders.Files, cancellationToken);
        return null;
    }

    public async ValueTask<PurchasesCompacted> CompactAsync(bool all, CancellationToken cancellationToken)
    {
        var done = new PurchasesCompacted(0, 0, 0, 0);
        foreach (var level in all ? _rest : _levels)
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

    /// <summary>A row group for each thread, unless they would be too small to compress well.</summary>
    private int RowGroupRows(long records)
    {
        const int vector = 2_048;
        var share = (int)Math.Clamp(records / options.Value.EngineThreads, SmallestRowGroup, LargestRowGroup);
        return (share + vector - 1) / vector * vector;
    }

    private static bool IsWorthIt(DeltaSnapshot snapshot, DeltaCompaction level) => snapshot.Files
        .Where(f => f.Size < level.SmallBytes)
        .GroupBy(f => f.PartitionValues[PurchasedItemsTable.OrderDate], StringComparer.Ordinal)
        .Any(g => g.Count() >= level.MinFiles);
}
