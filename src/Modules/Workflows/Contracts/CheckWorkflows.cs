using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Asks what is wrong with the workflows of a folder, whether they are those of this program or not. Starts nothing and asks no other system.</summary>
/// <param name="Folder">The folder with one folder for each workflow.</param>
public sealed record CheckWorkflows(string Folder) : IRequest<IReadOnlyList<CheckedWorkflow>>;

/// <summary>A workflow that was looked at.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Tasks">How many tasks it has; 0 where it is faulty.</param>
/// <param name="Faults">What is wrong with it, each with file, line and field; empty where nothing is.</param>
public sealed record CheckedWorkflow(string Name, int Tasks, IReadOnlyList<WorkflowFault> Faults);

/// <summary>Something wrong with a workflow's files.</summary>
/// <param name="File">The file, relative to the workflow's folder.</param>
/// <param name="Line">Its line, from 1 on.</param>
/// <param name="Field">The field, such as <c>tasks.to_silver.sql.keys</c>; empty where no field is meant.</param>
/// <param name="Message">What is wrong, as a sentence.</param>
public sealed record WorkflowFault(string File, int Line, string Field, string Message);
