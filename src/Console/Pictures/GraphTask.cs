namespace Pipeline.Console.Pictures;

/// <summary>A task in a picture.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it does.</param>
/// <param name="After">The tasks that it waits for.</param>
/// <param name="State">Its state as the API writes it; null where there is no run.</param>
/// <param name="Address">Where it leads.</param>
public sealed record GraphTask(string Name, string Kind, IReadOnlyList<string> After, string? State, string? Address);
