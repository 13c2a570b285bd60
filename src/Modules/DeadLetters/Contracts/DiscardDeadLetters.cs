using MediatR;

namespace Pipeline.DeadLetters.Contracts;

/// <summary>Marks dead letters as not to be replayed. They stay in the log.</summary>
/// <param name="Ids">These letters; null where a filter says which.</param>
/// <param name="Filter">All letters that are open and match; null where ids say which.</param>
/// <param name="Note">Why, 1 to 2,000 characters.</param>
/// <param name="By">Who asks, at most 200 characters.</param>
public sealed record DiscardDeadLetters(IReadOnlyList<DeadLetterId>? Ids, DeadLetterFilter? Filter, string Note, string? By = null) : IRequest<DiscardReport>;

/// <summary>What came of it.</summary>
/// <param name="Discarded">How many letters were marked.</param>
/// <param name="NotDiscarded">How many of the ids were not: dealt with before, being replayed at this moment, or not there.</param>
public sealed record DiscardReport(int Discarded, int NotDiscarded);
