using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>Where notebooks are kept. Names were checked by the caller. What is written is whole or not there.</summary>
internal interface INotebookStore
{
    Task<IReadOnlyList<Notebook>> ListAsync(CancellationToken cancellationToken);

    Task<Notebook?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Creates; a conflict where there is one.</summary>
    Task<NotebookOutcome> CreateAsync(string name, string text, CancellationToken cancellationToken);

    /// <summary>Replaces the one of a version; a conflict where it is another.</summary>
    Task<NotebookOutcome> ReplaceAsync(string name, string text, string version, CancellationToken cancellationToken);

    Task<NotebookOutcome> RenameAsync(string name, string newName, CancellationToken cancellationToken);

    /// <summary>Deletes the one of a version, or whichever.</summary>
    Task<NotebookOutcome> DeleteAsync(string name, string? version, CancellationToken cancellationToken);
}
