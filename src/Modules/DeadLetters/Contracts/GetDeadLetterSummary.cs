using MediatR;

namespace Pipeline.DeadLetters.Contracts;

/// <summary>How many dead letters there are, by topic, reason and state.</summary>
public sealed record GetDeadLetterSummary : IRequest<DeadLetterSummary>;

/// <summary>How many dead letters there are.</summary>
/// <param name="Open">How many nobody has dealt with, those whose replay was cut off among them.</param>
/// <param name="Counts">By topic, reason and state; the most first.</param>
/// <param name="Topics">The dead-letter topics.</param>
/// <param name="CaughtUp">False where newer letters are in the log that were not looked at yet: ask again.</param>
public sealed record DeadLetterSummary(long Open, IReadOnlyList<DeadLetterCount> Counts, IReadOnlyList<DeadLetterTopic> Topics, bool CaughtUp);

/// <summary>A count.</summary>
/// <param name="Topic">The dead-letter topic.</param>
/// <param name="Reason">The kind of reason.</param>
/// <param name="State">The state.</param>
/// <param name="Count">How many.</param>
/// <param name="Newest">When the newest of them was put aside.</param>
public sealed record DeadLetterCount(string Topic, string Reason, DeadLetterState State, long Count, DateTimeOffset Newest);

/// <summary>A dead-letter topic.</summary>
/// <param name="Name">Its name.</param>
/// <param name="SourceTopic">The topic whose records it takes.</param>
/// <param name="Records">How many records it holds, repeated ones among them.</param>
/// <param name="Gone">How many retention has dropped.</param>
public sealed record DeadLetterTopic(string Name, string SourceTopic, long Records, long Gone);
