using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>Which files a compaction puts together.</summary>
public sealed record DeltaCompaction
{
    /// <summary>The size that files are made up to, in bytes.</summary>
    public long TargetBytes { get; init; } = 128L << 20;

    /// <summary>A file at least so large is left alone; null means three quarters of the target.</summary>
    public long? SmallBytes { get; init; }

    /// <summary>Fewer files of one partition than this are not worth a rewrite.</summary>
    public int MinFiles { get; init; } = 2;

    /// <summary>How many files one call makes at most. What is left, the next call does.</summary>
    public int MaxNewFiles { get; init; } = 64;

    /// <summary>Only files that may hold rows which meet these conditions; null takes all.</summary>
    public FileFilter? Where { get; init; }
}

/// <summary>What a compaction did.</summary>
/// <param name="Snapshot">The table after it.</param>
/// <param name="FilesRemoved">Files that were put together; 0 where there was nothing to do.</param>
/// <param name="FilesAdded">Files that hold their rows now.</param>
/// <param name="BytesRemoved">The size of the former.</param>
/// <param name="BytesAdded">The size of the latter.</param>
public sealed record DeltaCompactionResult(DeltaSnapshot Snapshot, int FilesRemoved, int FilesAdded, long BytesRemoved, long BytesAdded);

public sealed partial class DeltaTable
{
    /// <summary>
    /// Puts small files of each partition together. The rows do not change, appends go on meanwhile, positions stay. Where another writer removed a file
    /// of a group first, that group is left out.
    /// </summary>
    public async ValueTask<DeltaCompactionResult> CompactAsync(DeltaCompaction? compaction = null, CancellationToken cancellationToken = default)
    {
        compaction ??= new DeltaCompaction();
        ArgumentOutOfRangeException.ThrowIfLessThan(compaction.MinFiles, 2, nameof(compaction));
        var snapshot = await SnapshotAsync(cancellationToken);
        ProtocolCheck.EnsureWritable(snapshot, Path);
        var bins = FileBins.Of(snapshot, compaction).Take(compaction.MaxNewFiles).ToList();
        var rewritten = new List<Rewritten>(bins.Count);
        using (var connection = _engine.Value.Connect())
        {
            foreach (var bin in bins)
                rewritten.Add(new Rewritten(bin, await RewriteAsync(snapshot, bin, connection, cancellationToken)));
        }

        var kept = rewritten;
        var (after, committed) = await _committer.CommitAsync(
            current =>
            {
                kept = [.. rewritten.Where(r => r.From.All(f => current?.State.Files.ContainsKey(UriPath.Decode(f.Path)) == true))];
                return kept.Count == 0 ? null : PlanCompaction(current!, kept, compaction);
            },
            cancellationToken);

        var lost = rewritten.Except(committed ? kept : []).SelectMany(r => r.To).ToList();
        if (lost.Count > 0)
            await DiscardFilesAsync(lost, cancellationToken);
        if (!committed)
            return new DeltaCompactionResult(after!, 0, 0, 0, 0);
        var result = new DeltaCompactionResult(
            after!, kept.Sum(r => r.From.Count), kept.Sum(r => r.To.Count), kept.Sum(r => r.From.Sum(f => f.Size)), kept.Sum(r => r.To.Sum(f => f.Size)));
        _logger.Compacted(Path, result.FilesRemoved, result.FilesAdded, after!.Version);
        return result;
    }

    private async ValueTask<IReadOnlyList<DeltaFile>> RewriteAsync(
        DeltaSnapshot snapshot, List<DeltaFile> files, DuckConnection connection, CancellationToken cancellationToken)
    {
        var writer = new DataFileWriter(_location, snapshot, _time);
        var select = await SnapshotSql.SelectAsync(snapshot, files, null, cancellationToken);
        var file = await writer.RewriteAsync(connection, select, files[0].PartitionValues, cancellationToken);
        var rows = files.Sum(f => f.NumRecords);
        if (rows is not null && rows != (file?.NumRecords ?? 0))
        {
            throw new TerminalException(
                $"Compaction of Delta table '{Path}': {rows} rows were to be read and {file?.NumRecords ?? 0} were; nothing was committed.");
        }

        return file is null ? [] : [file];
    }

    private CommitPlan PlanCompaction(DeltaSnapshot current, List<Rewritten> kept, DeltaCompaction compaction)
    {
        var actions = new List<ActionLine>();
        var removed = kept.SelectMany(r => r.From).ToList();
        var added = kept.SelectMany(r => r.To).ToList();
        RemoveFiles(actions, removed, dataChange: false);
        AddFiles(actions, current, added, dataChange: false);
        return new CommitPlan("OPTIMIZE", actions)
        {
            Parameters = new Dictionary<string, string> { ["targetSize"] = Parameters.Number(compaction.TargetBytes) },
            Metrics = new Dictionary<string, string>
            {
                ["numRemovedFiles"] = Parameters.Number(removed.Count),
                ["numAddedFiles"] = Parameters.Number(added.Count),
                ["numRemovedBytes"] = Parameters.Number(removed.Sum(f => f.Size)),
                ["numAddedBytes"] = Parameters.Number(added.Sum(f => f.Size)),
            },
        };
    }

    private sealed record Rewritten(IReadOnlyList<DeltaFile> From, IReadOnlyList<DeltaFile> To);
}

/// <summary>Groups small files of a partition up to the target size, in the order of their making, so that what came together stays together.</summary>
internal static class FileBins
{
    public static IEnumerable<List<DeltaFile>> Of(DeltaSnapshot snapshot, DeltaCompaction compaction)
    {
        var small = compaction.SmallBytes ?? compaction.TargetBytes / 4 * 3;
        var candidates = compaction.Where?.Select(snapshot) ?? snapshot.Files;
        foreach (var partition in candidates.Where(f => f.Size < small).GroupBy(f => PartitionValue.Key(snapshot.PartitionColumns, f), StringComparer.Ordinal))
        {
            var bin = new List<DeltaFile>();
            var bytes = 0L;
            foreach (var file in partition.OrderBy(f => f.ModificationTime).ThenBy(f => f.Path, StringComparer.Ordinal))
            {
                if (bin.Count > 0 && bytes + file.Size > compaction.TargetBytes)
                {
                    if (bin.Count >= compaction.MinFiles)
                        yield return bin;
                    bin = [];
                    bytes = 0;
                }

                bin.Add(file);
                bytes += file.Size;
            }

            if (bin.Count >= compaction.MinFiles)
                yield return bin;
        }
    }
}
