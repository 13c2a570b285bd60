using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application;

/// <summary>The workflows as their folders declare them now.</summary>
internal interface IWorkflowCatalog
{
    /// <summary>All folders, by name, those that are faulty too. Cheap.</summary>
    IReadOnlyList<WorkflowEntry> Entries { get; }

    /// <summary>One of them; null where there is no such folder.</summary>
    WorkflowEntry? Find(string name);

    /// <summary>Reads the folders again where something changed; true where the entries are others now.</summary>
    ValueTask<bool> RefreshAsync(CancellationToken cancellationToken);

    /// <summary>Completes when <see cref="Entries"/> are others than those of this call.</summary>
    Task WaitForChangeAsync(CancellationToken cancellationToken);

    /// <summary>The definition that the files of a version made.</summary>
    /// <param name="name">The workflow.</param>
    /// <param name="files"><see cref="WorkflowDefinition.Files"/>, as kept with a run.</param>
    /// <exception cref="TerminalException">This program does not understand them any more; the message names file, line and field.</exception>
    WorkflowDefinition Restore(string name, IReadOnlyDictionary<string, string> files);
}

/// <summary>A folder of the catalog.</summary>
/// <param name="Name">Its name, which is the workflow's.</param>
/// <param name="Folder">Its absolute path.</param>
/// <param name="Definition">What it declares; null where that is faulty.</param>
/// <param name="Faults">What is wrong with it; empty where nothing is.</param>
internal sealed record WorkflowEntry(string Name, string Folder, WorkflowDefinition? Definition, IReadOnlyList<DefinitionFault> Faults);

/// <summary>Something wrong with a workflow's files.</summary>
/// <param name="File">The file, relative to the workflow's folder.</param>
/// <param name="Line">Its line, from 1 on.</param>
/// <param name="Field">The field, such as <c>tasks.to_silver.sql.keys</c>; empty where no field is meant.</param>
/// <param name="Message">What is wrong, as a sentence.</param>
internal sealed record DefinitionFault(string File, int Line, string Field, string Message)
{
    /// <inheritdoc />
    public override string ToString() => Field.Length == 0 ? $"{File}:{Line}: {Message}" : $"{File}:{Line}: {Field}: {Message}";
}
