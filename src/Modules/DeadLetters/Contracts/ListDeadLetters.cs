using MediatR;

namespace Pipeline.DeadLetters.Contracts;

/// <summary>Dead letters, the newest first. A record that was put aside twice, after a crash of the sink, is there once.</summary>
/// <param name="Topic">Only of this dead-letter topic; null for all.</param>
/// <param name="Reason">Only of this <see cref="DeadLetter.Reason"/>; null for all.</param>
/// <param name="State">Only in this state; null for all.</param>
/// <param name="Limit">The most letters, 1 to 500.</param>
/// <param name="After"><see cref="DeadLetterPage.Next"/> of the page before; null for the first.</param>
public sealed record ListDeadLetters(string? Topic = null, string? Reason = null, DeadLetterState? State = null, int Limit = 50, string? After = null)
    : IRequest<DeadLetterPage>;

/// <summary>Some dead letters.</summary>
/// <param name="Letters">The letters.</param>
/// <param name="Next">What the next page begins after; null where there is none.</param>
/// <param name="CaughtUp">False where newer letters are in the log that were not looked at yet: ask again.</param>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetter> Letters, string? Next, bool CaughtUp);
