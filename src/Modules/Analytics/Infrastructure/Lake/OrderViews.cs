using System.Text;
using Pipeline.Analytics.Application;
using Pipeline.DuckDb;
using Pipeline.Lake;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>
/// A connection and the definitions of <c>purchased_items</c>, <c>orders</c> and <c>order_lines</c> over one version of the table. It is in a
/// transaction, so that the index stays as it is for that version.
/// </summary>
internal sealed class OrderViews : IDisposable
{
    // Of a version that the index is not at (any more), the repeated orders are looked for.
    private const string RepeatedOrders =
        "SELECT _partition, _offset FROM all_purchased_items QUALIFY row_number() OVER (PARTITION BY OrderId ORDER BY _ingested_at, _partition, _offset) > 1";

    private readonly string _definitions;

    private OrderViews(DuckConnection connection, DeltaSnapshot snapshot, int generation, string definitions)
    {
        Connection = connection;
        Snapshot = snapshot;
        Generation = generation;
        _definitions = definitions;
    }

    public DuckConnection Connection { get; }

    public DeltaSnapshot Snapshot { get; }

    /// <summary>Which database of the engine the connection is of.</summary>
    public int Generation { get; }

    /// <summary>Opens the newest version that is indexed, which is the given one or a later one.</summary>
    public static async Task<OrderViews> OpenNewestAsync(
        LakeEngine engine, OrderIndex index, DeltaSnapshot snapshot, FileFilter? filter, CancellationToken cancellationToken)
    {
        const int attempts = 3;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            await index.UpdateAsync(snapshot, cancellationToken);
            if (index.Current is { } current && await TryOpenAsync(engine, index, current, filter, cancellationToken) is { } views)
                return views;
        }

        return await OpenAsync(engine, index, snapshot, filter, cancellationToken);
    }

    /// <summary>Opens exactly this version.</summary>
    public static async Task<OrderViews> OpenAsync(
        LakeEngine engine, OrderIndex index, DeltaSnapshot snapshot, FileFilter? filter, CancellationToken cancellationToken)
    {
        if (await TryOpenAsync(engine, index, snapshot, filter, cancellationToken) is { } indexed)
            return indexed;
        var all = await snapshot.ToSqlAsync(cancellationToken: cancellationToken);
        var some = filter is null ? all : await snapshot.ToSqlAsync(filter, cancellationToken);
        var (connection, generation) = engine.Connect();
        var definitions = Define(("all_purchased_items", all), ("repeated_orders", RepeatedOrders), ("purchased_items", some));
        return new OrderViews(connection, snapshot, generation, definitions);
    }

    /// <summary>A SELECT over the views as one that stands for itself.</summary>
    public string Over(string select) => _definitions + select;

    public void Dispose() => Connection.Dispose();

    /// <summary>Opens a version with the help of the index; null where the index is at another one.</summary>
    private static async Task<OrderViews?> TryOpenAsync(
        LakeEngine engine, OrderIndex index, DeltaSnapshot snapshot, FileFilter? filter, CancellationToken cancellationToken)
    {
        if (index.Current is not { } current || OrderIndex.NameOf(current) != OrderIndex.NameOf(snapshot))
            return null;
        var definitions = Define(("purchased_items", await snapshot.ToSqlAsync(filter, cancellationToken)));
        var (connection, generation) = engine.Connect();
        var holds = false;
        try
        {
            connection.Execute("BEGIN TRANSACTION", cancellationToken);
            holds = index.Holds(generation) && connection.QueryString("SELECT version FROM order_index", cancellationToken) == OrderIndex.NameOf(snapshot);
            return holds ? new OrderViews(connection, snapshot, generation, definitions) : null;
        }
        finally
        {
            if (!holds)
                connection.Dispose();
        }
    }

    // Not materialised: each is planned into the question, which reads only the columns that it needs.
    private static string Define(params (string Name, string Sql)[] sources)
    {
        var text = new StringBuilder("WITH ");
        foreach (var (name, sql) in sources.Concat(Questions.Views.Select(v => (v.Name, v.Sql))))
            text.Append(text.Length > 5 ? ",\n" : "").Append(name).Append(" AS NOT MATERIALIZED (\n").Append(sql).Append("\n)");
        return text.Append('\n').ToString();
    }
}
