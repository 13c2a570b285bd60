using FluentValidation;
using FluentValidation.Results;
using Pipeline.Workflows.Contracts;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Finds the workflow of a request, and checks what the request gives it.</summary>
internal sealed class WorkflowFinder(IWorkflowCatalog catalog)
{
    private const int MostNames = 50;

    /// <summary>The workflow; a folder that has just been added too.</summary>
    public async ValueTask<(WorkflowEntry? Entry, Refusal? Refusal)> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (catalog.Find(name) is { } known)
            return (known, null);
        await catalog.RefreshAsync(cancellationToken);
        return catalog.Find(name) is { } added ? (added, null) : (null, Unknown(name));
    }

    /// <summary>The definition of a workflow that can run.</summary>
    public async ValueTask<(WorkflowDefinition? Definition, Refusal? Refusal)> FindRunnableAsync(string name, CancellationToken cancellationToken)
    {
        var (entry, refusal) = await FindAsync(name, cancellationToken);
        if (entry is null)
            return (null, refusal);
        return entry.Definition is { } definition
            ? (definition, null)
            : (null, new Refusal(RefusalKind.Conflict, $"Workflow {name} is faulty: {string.Join(" ", entry.Faults)}"));
    }

    /// <summary>A refusal that names the workflows that there are.</summary>
    public Refusal Unknown(string name)
    {
        var names = catalog.Entries.Select(e => e.Name).ToList();
        var known = names.Count switch
        {
            0 => "There are none",
            <= MostNames => $"There are {string.Join(", ", names)}",
            _ => $"There are {string.Join(", ", names.Take(MostNames))} and {names.Count - MostNames} more",
        };
        return new Refusal(RefusalKind.NotFound, $"There is no workflow '{name}'. {known}.");
    }

    /// <summary>All parameters of a run, with the defaults of those that were not given.</summary>
    /// <exception cref="ValidationException">One is not the workflow's, or has no default and was not given.</exception>
    public static Dictionary<string, string> Parameters(WorkflowDefinition definition, IReadOnlyDictionary<string, string>? given)
    {
        given ??= new Dictionary<string, string>();
        var failures = new List<ValidationFailure>();
        var known = definition.Parameters.Count == 0 ? "it has none" : $"it has {string.Join(", ", definition.Parameters.Keys.Order(StringComparer.Ordinal))}";
        foreach (var name in given.Keys.Where(n => !definition.Parameters.ContainsKey(n)))
            failures.Add(new ValidationFailure($"Params.{name}", $"is no parameter of {definition.Name}: {known}"));
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, parameter) in definition.Parameters)
        {
            if ((given.GetValueOrDefault(name) ?? parameter.Default) is not { } value)
                failures.Add(new ValidationFailure($"Params.{name}", "must be given, as it has no default"));
            else if (value.Contains('\0', StringComparison.Ordinal))
                failures.Add(new ValidationFailure($"Params.{name}", "must not hold a NUL"));
            else
                all.Add(name, value);
        }

        return failures.Count == 0 ? all : throw new ValidationException(failures);
    }
}
