namespace Pipeline.Console.Pictures;

/// <summary>A line of a timeline.</summary>
/// <param name="Name">What it is of.</param>
/// <param name="Bars">Its spans of time, in their order.</param>
/// <param name="Depth">How far it is under another, from 0.</param>
/// <param name="Note">A word about it.</param>
/// <param name="Address">Where it leads.</param>
public sealed record TimelineLane(string Name, IReadOnlyList<TimelineBar> Bars, int Depth = 0, string? Note = null, string? Address = null);

/// <summary>A span of time.</summary>
/// <param name="Start">Since the timeline's beginning.</param>
/// <param name="Length">How long.</param>
/// <param name="Class">Its class, such as a state.</param>
/// <param name="Title">What pointing at it says.</param>
public sealed record TimelineBar(TimeSpan Start, TimeSpan Length, string Class, string Title);
