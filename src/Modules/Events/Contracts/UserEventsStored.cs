using MediatR;

namespace Pipeline.Events.Contracts;

/// <summary>Events were stored; published after the commit, once a batch, at most once: a crash between commit and notification loses it.</summary>
/// <param name="Count">How many.</param>
/// <param name="Partitions">The partitions of the topic that they came from.</param>
public sealed record UserEventsStored(long Count, IReadOnlyCollection<int> Partitions) : INotification;
