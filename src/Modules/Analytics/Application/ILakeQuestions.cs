using Pipeline.Analytics.Contracts;
using Pipeline.Analytics.Domain;

namespace Pipeline.Analytics.Application;

/// <summary>Runs the questions over the lake's table of orders.</summary>
internal interface ILakeQuestions
{
    /// <summary>Answers a question. The same question over the same version is computed once, for all who ask at the time and for a while after.</summary>
    /// <returns>The answer; without rows where there is no table yet.</returns>
    /// <exception cref="TransientException">It took longer than allowed, or the lake or the engine cannot be used at the moment.</exception>
    Task<Answer<T>> AskAsync<T>(LakeQuestion question, Func<IAnswerRow, T> map, CancellationToken cancellationToken);

    /// <summary>The newest version of the table; <see cref="LakePosition.None"/> where there is none.</summary>
    Task<LakePosition> GetPositionAsync(CancellationToken cancellationToken);

    /// <summary>Opens all rows of <see cref="Questions.RepeatPurchases"/> over the newest version, sorted by customer and product.</summary>
    Task<IRepeatPurchaseRows> OpenRepeatPurchasesAsync(CancellationToken cancellationToken);
}

/// <summary>A question with its values.</summary>
internal sealed record LakeQuestion(AnalyticsQuestion Question, params IReadOnlyList<LakeArgument> Arguments)
{
    /// <summary>Asks the table as it was at a version; null means the newest.</summary>
    public long? Version { get; init; }

    /// <summary>Only orders with a TimeStamp in this range count, so that files without them need not be read.</summary>
    public (DateTimeOffset From, DateTimeOffset Until)? Window { get; init; }
}

/// <summary>The value of a parameter of the SQL: text, a whole number, a moment or null.</summary>
internal sealed record LakeArgument(string Name, object? Value);

/// <summary>A row of an answer; columns are numbered from 0.</summary>
internal interface IAnswerRow
{
    string Text(int column);

    long Integer(int column);

    double Number(int column);

    decimal Money(int column);
}

/// <summary>The version that a question asks for is not there any more.</summary>
internal sealed class VersionGoneException(string message, Exception inner) : TerminalException(message, inner);
