using System.Text.RegularExpressions;
using Pipeline.DuckDb;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Engine;

namespace Pipeline.Workflows.Infrastructure;

/// <summary>Evaluates conditions in a small database in memory, opened for the first of them.</summary>
internal sealed partial class DuckCondition : ICondition, IDisposable
{
    private const long MemoryBytes = 32L << 20;

    private readonly Lock _lock = new();
    private DuckDatabase? _database;
    private bool _disposed;

    public bool IsTrue(string sql, RunFacts run, CancellationToken cancellationToken)
    {
        using var connection = Connect();
        using var statement = connection.Prepare($"SELECT ({sql}) IS NOT DISTINCT FROM true");
        Bind(statement, sql, run);
        using var result = statement.Query(cancellationToken);
        return result.ReadChunk(out var chunk) && chunk.Column(0).GetBoolean(0);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _database?.Dispose();
        }
    }

    private static void Bind(DuckStatement statement, string sql, RunFacts run)
    {
        var values = new Dictionary<string, Action<string>>(StringComparer.Ordinal)
        {
            ["run_id"] = name => statement.Bind(name, run.Id),
            ["workflow"] = name => statement.Bind(name, run.Workflow),
            ["logical_date"] = name => statement.Bind(name, run.LogicalDate),
        };
        foreach (var (parameter, value) in run.Parameters)
            values[parameter] = name => statement.Bind(name, value);
        var bound = 0;
        foreach (var name in ParameterPattern().Matches(sql).Where(m => m.Groups[1].Success).Select(m => m.Groups[1].Value).Distinct(StringComparer.Ordinal))
        {
            if (bound == statement.ParameterCount)
                return;
            if (!values.TryGetValue(name, out var bind))
                throw new TerminalException(
                    $"The condition {sql} names ${name}; the run has {string.Join(", ", values.Keys.Order(StringComparer.Ordinal).Select(v => "$" + v))}.");
            bind(name);
            bound++;
        }
    }

    private DuckConnection Connect()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _database ??= DuckDatabase.Open(new DuckOptions { MemoryLimitBytes = MemoryBytes, Threads = 1 });
            return _database.Connect();
        }
    }

    /// <summary>A text in quotes is passed over.</summary>
    [GeneratedRegex(@"'(?:[^']|'')*'|\$([A-Za-z_][A-Za-z0-9_]*)", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterPattern();
}
