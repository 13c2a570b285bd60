using Pipeline.Analytics.Application;
using Pipeline.Analytics.Domain;
using Pipeline.DuckDb;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>All repeat purchases, streamed out of the engine.</summary>
internal sealed class RepeatPurchaseRows : IRepeatPurchaseRows
{
    private readonly DuckResult _result;
    private readonly OrderViews _views;
    private readonly IDisposable _turn;

    private RepeatPurchaseRows(DuckResult result, OrderViews views, IDisposable turn)
    {
        _result = result;
        _views = views;
        _turn = turn;
    }

    public LakePosition Position => new(_views.Snapshot.Id, _views.Snapshot.Version);

    /// <summary>Starts the statement. The views and the turn belong to the result then.</summary>
    public static async Task<RepeatPurchaseRows> OpenAsync(DuckStatement statement, OrderViews views, IDisposable turn, CancellationToken cancellationToken)
    {
        var result = await Task.Run(() => statement.Query(cancellationToken), cancellationToken);
        return new RepeatPurchaseRows(result, views, turn);
    }

    public Task<bool> ReadAsync(IRepeatPurchaseSink sink, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            if (!_result.ReadChunk(out var chunk))
                return false;
            var users = chunk.Column(0);
            var products = chunk.Column(1);
            var orders = chunk.Column(2);
            var units = chunk.Column(3);
            for (var row = 0; row < chunk.RowCount; row++)
                sink.Add(users.Utf8(row), products.Utf8(row), orders.GetInt64(row), units.GetInt64(row));
            return true;
        },
        cancellationToken);

    public ValueTask DisposeAsync()
    {
        _result.Dispose();
        _views.Dispose();
        _turn.Dispose();
        return ValueTask.CompletedTask;
    }
}
