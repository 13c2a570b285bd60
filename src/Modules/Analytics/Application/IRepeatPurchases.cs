using Pipeline.Analytics.Contracts;
using Pipeline.Analytics.Domain;

namespace Pipeline.Analytics.Application;

/// <summary>All repeat purchases of a version, read while they are computed.</summary>
internal interface IRepeatPurchaseRows : IAsyncDisposable
{
    /// <summary>The version.</summary>
    LakePosition Position { get; }

    /// <summary>Adds the next rows, some thousands, to a sink.</summary>
    /// <returns>False at the end.</returns>
    Task<bool> ReadAsync(IRepeatPurchaseSink sink, CancellationToken cancellationToken);
}

/// <summary>Takes rows; ids as UTF-8, which go from engine to engine without becoming strings.</summary>
internal interface IRepeatPurchaseSink
{
    void Add(ReadOnlySpan<byte> userId, ReadOnlySpan<byte> productId, long orders, long units);
}

/// <summary>The table <c>repeat_purchases</c> in the warehouse.</summary>
internal interface IRepeatPurchasesTable
{
    /// <summary>Takes the right to refresh the table, which one process has at a time.</summary>
    /// <param name="wait">Whether to wait for whoever has it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Null where another has it and <paramref name="wait"/> is false.</returns>
    Task<IRepeatPurchasesRefresh?> TryBeginRefreshAsync(bool wait, CancellationToken cancellationToken);

    /// <summary>Answers <see cref="Questions.MostRepurchased"/>.</summary>
    Task<Answer<RepurchasedProduct>> GetMostRepurchasedAsync(int limit, CancellationToken cancellationToken);
}

/// <summary>The right to refresh; disposal gives it back.</summary>
internal interface IRepeatPurchasesRefresh : IAsyncDisposable
{
    /// <summary>What the table holds; null where it was never refreshed.</summary>
    RefreshState? Current { get; }

    /// <summary>Replaces all rows in one transaction: whoever reads meanwhile sees the old rows, all of them.</summary>
    Task<RefreshState> ReplaceAsync(IRepeatPurchaseRows rows, DateTimeOffset now, CancellationToken cancellationToken);
}
