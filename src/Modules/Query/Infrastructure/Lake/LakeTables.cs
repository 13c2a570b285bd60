using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pipeline.Lake;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Lake;

/// <summary>The tables of the lake, and their columns by version.</summary>
internal sealed class LakeTables(LakeCatalog lake, ILogger<LakeTables> logger)
{
    private const string LogFolder = "_delta_log";
    private const int Readers = 8;
    private const int Suggested = 3;

    private readonly ConcurrentDictionary<string, SqlTable> _known = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private Task _reading = Task.CompletedTask;

    /// <summary>A table as it is, or was at a version; null where there is none of this path.</summary>
    public async Task<DeltaSnapshot?> FindAsync(string path, long? version, CancellationToken cancellationToken)
    {
        // The catalog keeps each table that it was asked for: what people mistype stays out of it.
        if (!await ExistsAsync(path, cancellationToken))
            return null;
        return version is { } number
            ? await lake.Table(path).SnapshotAsync(number, cancellationToken)
            : await lake.Table(path).TrySnapshotAsync(cancellationToken);
    }

    /// <summary>The table that a name of SQL means, where case does not count; null where there is none, or more than one.</summary>
    public async Task<DeltaSnapshot?> FindByNameAsync(string path, CancellationToken cancellationToken)
    {
        if (await FindAsync(path, null, cancellationToken) is { } exact)
            return exact;
        var matches = new List<string>();
        await foreach (var known in lake.ListTablesAsync(cancellationToken: cancellationToken))
        {
            if (string.Equals(known, path, StringComparison.OrdinalIgnoreCase))
                matches.Add(known);
        }

        return matches.Count == 1 ? await lake.Table(matches[0]).TrySnapshotAsync(cancellationToken) : null;
    }

    /// <summary>What a path that is not there may have meant; null where nothing is like it.</summary>
    public async Task<string?> HintAsync(string path, CancellationToken cancellationToken)
    {
        var wanted = path[(path.LastIndexOf('/') + 1)..];
        var near = new List<(int Distance, string Path)>();
        await foreach (var known in lake.ListTablesAsync(cancellationToken: cancellationToken))
        {
            var name = known[(known.LastIndexOf('/') + 1)..];
            var distance = Math.Min(Distance(wanted, name), Distance(path, known));
            if (distance <= Math.Max(1, wanted.Length / 3))
                near.Add((distance, known));
        }

        if (near.Count == 0)
            return null;
        var names = near.OrderBy(n => n.Distance).ThenBy(n => n.Path, StringComparer.Ordinal).Take(Suggested).Select(n => LakeName.Of(n.Path));
        return $"Did you mean {string.Join(" or ", names)}?";
    }

    /// <summary>All tables; those whose columns were not read within the time come without.</summary>
    public async Task<(IReadOnlyList<SqlTable> Tables, bool Complete)> ListAsync(CancellationToken timeLimit, CancellationToken cancellationToken)
    {
        var paths = new List<string>();
        await foreach (var path in lake.ListTablesAsync(cancellationToken: cancellationToken))
            paths.Add(path);
        var reading = Read(paths);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeLimit, cancellationToken);
        await reading.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        var tables = paths.Select(p => _known.GetValueOrDefault(p) ?? new SqlTable(LakeName.Of(p), p, null, null)).ToList();
        return (tables, reading.IsCompleted);
    }

    // One reading at a time, whoever waits for it; it goes on where nobody does, so that the next one who asks has the columns.
    private Task Read(List<string> paths)
    {
        lock (_lock)
        {
            if (_reading.IsCompleted)
                _reading = Task.Run(() => ReadAsync(paths));
            return _reading;
        }
    }

    private async Task ReadAsync(List<string> paths)
    {
        foreach (var gone in _known.Keys.Except(paths))
            _known.TryRemove(gone, out _);
        await Parallel.ForEachAsync(paths, new ParallelOptions { MaxDegreeOfParallelism = Readers }, async (path, cancellationToken) =>
        {
            try
            {
                if (await lake.Table(path).TrySnapshotAsync(cancellationToken) is not { } snapshot)
                    _known.TryRemove(path, out _);
                else if (_known.GetValueOrDefault(path)?.Version != snapshot.Version)
                    _known[path] = new SqlTable(LakeName.Of(path), path, snapshot.Version, [.. snapshot.Schema.Fields.Select(f => new SqlTableColumn(f.Name, f.Type.ToSql()))]);
            }
            catch (Exception e) when (e is TransientException or TerminalException)
            {
                Log.TableUnreadable(logger, path, e.Message);
                _known[path] = new SqlTable(LakeName.Of(path), path, null, []);
            }
        });
    }

    private async Task<bool> ExistsAsync(string path, CancellationToken cancellationToken)
    {
        await foreach (var child in lake.Store.ListPrefixesAsync(ObjectPath.Parse(path), cancellationToken))
        {
            if (child.Name == LogFolder)
                return true;
        }

        return false;
    }

    /// <summary>The Levenshtein distance, case aside.</summary>
    internal static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(diagonal + cost, Math.Min(row[j], row[j - 1]) + 1));
            }
        }

        return row[^1];
    }
}
