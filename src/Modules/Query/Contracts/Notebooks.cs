using MediatR;

namespace Pipeline.Query.Contracts;

/// <summary>The notebooks, by name.</summary>
public sealed record ListNotebooks : IRequest<IReadOnlyList<NotebookSummary>>;

/// <summary>A notebook; null where there is none of this name.</summary>
/// <param name="Name">Its name.</param>
public sealed record GetNotebook(string Name) : IRequest<Notebook?>;

/// <summary>Makes a notebook; a conflict where the name is taken.</summary>
/// <param name="Name">1 to 100 letters, digits, blanks, <c>_</c> and <c>-</c>, beginning with a letter or digit and not ending in a blank.</param>
/// <param name="Cells">Its cells.</param>
public sealed record CreateNotebook(string Name, IReadOnlyList<NotebookCell> Cells) : IRequest<NotebookOutcome>;

/// <summary>Writes a notebook unless it was changed since it was loaded.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Cells">Its cells.</param>
/// <param name="Version"><see cref="Notebook.Version"/> of what was loaded.</param>
public sealed record SaveNotebook(string Name, IReadOnlyList<NotebookCell> Cells, string Version) : IRequest<NotebookOutcome>;

/// <summary>Gives a notebook another name; a conflict where that is taken.</summary>
/// <param name="Name">Its name.</param>
/// <param name="NewName">The name to be.</param>
public sealed record RenameNotebook(string Name, string NewName) : IRequest<NotebookOutcome>;

/// <summary>Deletes a notebook unless it was changed since it was loaded.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version"><see cref="Notebook.Version"/> of what was loaded; null deletes whatever is there.</param>
public sealed record DeleteNotebook(string Name, string? Version = null) : IRequest<NotebookOutcome>;
