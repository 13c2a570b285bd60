using System.Globalization;
using Microsoft.Extensions.Options;
using Pipeline.Analytics.Application;
using Pipeline.Analytics.Contracts;
using Pipeline.Analytics.Domain;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Table = Pipeline.Purchases.Contracts.PurchasedItemsTable;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>Runs the questions with DuckDB over snapshots of the Delta table <c>raw/purchased_items</c>.</summary>
internal sealed class LakeQuestions(LakeCatalog lake, LakeEngine engine, OrderIndex index, IOptions<AnalyticsOptions> options, TimeProvider time)
    : ILakeQuestions, IDisposable
{
    /// <summary>A long answer stands for so many times the time that it took, see <see cref="AnalyticsOptions.LongQuery"/>.</summary>
    private const int StandingFactor = 4;

    private readonly AnswerCache _cache = new(options.Value.CachedRows);

    private DeltaTable Orders => lake.Table(Table.Path);

    public async Task<Answer<T>> AskAsync<T>(LakeQuestion question, Func<IAnswerRow, T> map, CancellationToken cancellationToken)
    {
        if (await SnapshotAsync(question.Version, cancellationToken) is not { } snapshot)
            return new Answer<T>([], null);
        var key = new AnswerKey(question.Question.Name, string.Join('\n', question.Arguments.Select(Text)), new LakePosition(snapshot.Id, snapshot.Version));
        return (Answer<T>)await _cache.GetAsync(key, question.Version is not null, stop => ComputeAsync(question, snapshot, map, stop), cancellationToken);
    }

    public async Task<LakePosition> GetPositionAsync(CancellationToken cancellationToken) =>
        await Orders.TrySnapshotAsync(cancellationToken) is { } snapshot ? new LakePosition(snapshot.Id, snapshot.Version) : LakePosition.None;

    public async Task<IRepeatPurchaseRows> OpenRepeatPurchasesAsync(CancellationToken cancellationToken)
    {
        if (await Orders.TrySnapshotAsync(cancellationToken) is not { } snapshot)
            return new NoRows();
        await index.UpdateAsync(snapshot, cancellationToken);
        var turn = await engine.EnterAsync(cancellationToken);
        OrderViews? views = null;
        try
        {
            views = await OrderViews.OpenNewestAsync(engine, index, snapshot, null, cancellationToken);
            using var statement = views.Connection.Prepare(
                views.Over($"SELECT UserId, ProductId, Orders, Units FROM (\n{Questions.RepeatPurchases.Sql}\n) ORDER BY UserId, ProductId"));
            Bind(statement, [new("limit", null), new("after_orders", null), new("after_user", null), new("after_product", null)]);
            return await RepeatPurchaseRows.OpenAsync(statement, views, turn, cancellationToken);
        }
        catch (Exception e)
        {
            Release(e, views);
            turn.Dispose();
            throw;
        }
    }

    public void Dispose() => _cache.Dispose();

    private async Task<DeltaSnapshot?> SnapshotAsync(long? version, CancellationToken cancellationToken)
    {
        if (version is not { } pinned)
            return await Orders.TrySnapshotAsync(cancellationToken);
        try
        {
            return await Orders.SnapshotAsync(pinned, cancellationToken);
        }
        catch (TerminalException e)
        {
            throw new VersionGoneException($"version {pinned} of the orders is not kept any more", e);
        }
    }

    private async Task<ComputedAnswer> ComputeAsync<T>(LakeQuestion question, DeltaSnapshot snapshot, Func<IAnswerRow, T> map, CancellationToken stop)
    {
        var name = question.Question.Name;
        var started = time.GetTimestamp();
        using var activity = AnalyticsMetrics.Source.StartActivity($"query {name}");
        using var timeout = new CancellationTokenSource(options.Value.QueryTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        var outcome = "error";
        try
        {
            var (answer, took) = await RunAsync(question, snapshot, map, either.Token);
            activity?.SetTag("lake.version", answer.LakeVersion).SetTag("rows", answer.Rows.Count);
            outcome = "ok";
            var isLong = question.Version is null && took > options.Value.LongQuery;
            return new ComputedAnswer(answer, answer.Rows.Count, isLong ? took * StandingFactor : default);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            outcome = "timeout";
            throw new TransientException($"The question {name} over version {snapshot.Version} took longer than {options.Value.QueryTimeout}.", e);
        }
        catch (OperationCanceledException)
        {
            outcome = "cancelled";
            throw;
        }
        finally
        {
            AnalyticsMetrics.Queried(name, outcome, time.GetElapsedTime(started));
        }
    }

    private async Task<(Answer<T> Answer, TimeSpan Took)> RunAsync<T>(
        LakeQuestion question, DeltaSnapshot snapshot, Func<IAnswerRow, T> map, CancellationToken cancellationToken)
    {
        // Outside of a turn: the index is shared, and its first building may take long.
        if (question.Version is null)
            await index.UpdateAsync(snapshot, cancellationToken);
        using var turn = await engine.EnterAsync(cancellationToken);
        OrderViews? views = null;
        try
        {
            views = question.Version is null
                ? await OrderViews.OpenNewestAsync(engine, index, snapshot, FilterOf(question), cancellationToken)
                : await OrderViews.OpenAsync(engine, index, snapshot, FilterOf(question), cancellationToken);
            var started = time.GetTimestamp();
            var over = views;
            var answer = new Answer<T>(await Task.Run(() => Read(over, question, map, cancellationToken), cancellationToken), views.Snapshot.Version);
            views.Dispose();
            return (answer, time.GetElapsedTime(started));
        }
        catch (Exception e)
        {
            Release(e, views);
            throw;
        }
    }

    private void Release(Exception e, OrderViews? views)
    {
        if (views is null)
            return;
        engine.Report(e, views.Generation);
        views.Dispose();
    }

    private static List<T> Read<T>(OrderViews views, LakeQuestion question, Func<IAnswerRow, T> map, CancellationToken cancellationToken)
    {
        using var statement = views.Connection.Prepare(views.Over(question.Question.Sql));
        Bind(statement, question.Arguments);
        using var result = statement.Query(cancellationToken);
        var rows = new List<T>();
        while (result.ReadChunk(out var chunk))
        {
            var row = new AnswerRow(chunk);
            for (row.Row = 0; row.Row < chunk.RowCount; row.Row++)
                rows.Add(map(row));
        }

        return rows;
    }

    private static void Bind(DuckStatement statement, IReadOnlyList<LakeArgument> arguments)
    {
        foreach (var (name, value) in arguments)
        {
            switch (value)
            {
                case null:
                    statement.BindNull(name);
                    break;
                case long number:
                    statement.Bind(name, number);
                    break;
                case string text:
                    statement.Bind(name, text);
                    break;
                case DateTimeOffset moment:
                    statement.Bind(name, moment);
                    break;
                default:
                    throw new ArgumentException($"The argument {name} is a {value.GetType()}.", nameof(arguments));
            }
        }
    }

    private static string Text(LakeArgument argument) => argument.Value switch
    {
        DateTimeOffset moment => moment.UtcTicks.ToString(CultureInfo.InvariantCulture),
        var value => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    // Orders of the window lie in files of its days, at least partly within it.
    private static FileFilter? FilterOf(LakeQuestion question) => question.Window is not { } window
        ? null
        : new FileFilter()
            .AtLeast(Table.OrderDate, DateOnly.FromDateTime(window.From.UtcDateTime))
            .AtMost(Table.OrderDate, DateOnly.FromDateTime(window.Until.UtcDateTime))
            .AtLeast(Table.TimeStamp, window.From)
            .AtMost(Table.TimeStamp, window.Until);

    private sealed class NoRows : IRepeatPurchaseRows
    {
        public LakePosition Position => LakePosition.None;

        public Task<bool> ReadAsync(IRepeatPurchaseSink sink, CancellationToken cancellationToken) => Task.FromResult(false);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
