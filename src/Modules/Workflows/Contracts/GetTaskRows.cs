using System.Text.Json;
using MediatR;

namespace Pipeline.Workflows.Contracts;

/// <summary>Asks for the first rows of what a task of a run left.</summary>
/// <param name="Run">The run.</param>
/// <param name="Task">The task.</param>
/// <param name="Limit">The most rows, 1 to 1000.</param>
public sealed record GetTaskRows(long Run, string Task, int Limit = 10) : IRequest<Outcome<TaskRows>>;

/// <summary>Rows that a task left.</summary>
/// <param name="Of">What they are of, in words.</param>
/// <param name="Rows">
/// An array of objects by column name. Of a Delta table those of the version that the task wrote, in no order; of a table of PostgreSQL those that are there now; of a folder its files.
/// </param>
public sealed record TaskRows(string Of, JsonElement Rows);
