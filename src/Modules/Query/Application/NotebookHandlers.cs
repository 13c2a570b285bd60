using FluentValidation;
using MediatR;
using Pipeline.Query.Contracts;
using Pipeline.Query.Domain;

namespace Pipeline.Query.Application;

/// <summary>Lists notebooks.</summary>
internal sealed class ListNotebooksHandler(INotebookStore store) : IRequestHandler<ListNotebooks, IReadOnlyList<NotebookSummary>>
{
    public async Task<IReadOnlyList<NotebookSummary>> Handle(ListNotebooks request, CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(cancellationToken)).Select(n => new NotebookSummary(n.Name, n.Title, n.Cells.Count(c => c.Kind == NotebookCellKind.Sql), n.ChangedAt))];
}

/// <summary>Gives a notebook.</summary>
internal sealed class GetNotebookHandler(INotebookStore store) : IRequestHandler<GetNotebook, Notebook?>
{
    public async Task<Notebook?> Handle(GetNotebook request, CancellationToken cancellationToken) =>
        NotebookName.IsValid(request.Name) ? await store.FindAsync(request.Name, cancellationToken) : null;
}

/// <summary>Makes a notebook.</summary>
internal sealed class CreateNotebookHandler(INotebookStore store) : IRequestHandler<CreateNotebook, NotebookOutcome>
{
    public Task<NotebookOutcome> Handle(CreateNotebook request, CancellationToken cancellationToken) =>
        store.CreateAsync(request.Name, NotebookText.Write(request.Cells), cancellationToken);
}

/// <summary>Writes a notebook.</summary>
internal sealed class SaveNotebookHandler(INotebookStore store) : IRequestHandler<SaveNotebook, NotebookOutcome>
{
    public Task<NotebookOutcome> Handle(SaveNotebook request, CancellationToken cancellationToken) =>
        store.ReplaceAsync(request.Name, NotebookText.Write(request.Cells), request.Version, cancellationToken);
}

/// <summary>Renames a notebook.</summary>
internal sealed class RenameNotebookHandler(INotebookStore store) : IRequestHandler<RenameNotebook, NotebookOutcome>
{
    public Task<NotebookOutcome> Handle(RenameNotebook request, CancellationToken cancellationToken) => store.RenameAsync(request.Name, request.NewName, cancellationToken);
}

/// <summary>Deletes a notebook.</summary>
internal sealed class DeleteNotebookHandler(INotebookStore store) : IRequestHandler<DeleteNotebook, NotebookOutcome>
{
    public Task<NotebookOutcome> Handle(DeleteNotebook request, CancellationToken cancellationToken) => store.DeleteAsync(request.Name, request.Version, cancellationToken);
}

/// <summary>Checks <see cref="CreateNotebook"/>.</summary>
internal sealed class CreateNotebookValidator : AbstractValidator<CreateNotebook>
{
    public CreateNotebookValidator()
    {
        RuleFor(r => r.Name).IsNotebookName("Name");
        RuleFor(r => r.Cells).AreCells();
    }
}

/// <summary>Checks <see cref="SaveNotebook"/>.</summary>
internal sealed class SaveNotebookValidator : AbstractValidator<SaveNotebook>
{
    public SaveNotebookValidator()
    {
        RuleFor(r => r.Name).IsNotebookName("Name");
        RuleFor(r => r.Cells).AreCells();
        RuleFor(r => r.Version).NotEmpty().WithMessage("must be the version that was loaded").OverridePropertyName("Version");
    }
}

/// <summary>Checks <see cref="RenameNotebook"/>.</summary>
internal sealed class RenameNotebookValidator : AbstractValidator<RenameNotebook>
{
    public RenameNotebookValidator()
    {
        RuleFor(r => r.Name).IsNotebookName("Name");
        RuleFor(r => r.NewName).IsNotebookName("NewName");
    }
}

/// <summary>Checks <see cref="DeleteNotebook"/>.</summary>
internal sealed class DeleteNotebookValidator : AbstractValidator<DeleteNotebook>
{
    public DeleteNotebookValidator() => RuleFor(r => r.Name).IsNotebookName("Name");
}

/// <summary>The rules that several requests share.</summary>
internal static class NotebookRules
{
    private const int MaxCells = 500;
    private const int MaxLength = 1 << 20;

    public static IRuleBuilderOptions<T, string> IsNotebookName<T>(this IRuleBuilderInitial<T, string> rule, string property) =>
        rule.Must(NotebookName.IsValid).WithMessage(NotebookName.Rule).OverridePropertyName(property);

    public static IRuleBuilderOptions<T, IReadOnlyList<NotebookCell>> AreCells<T>(this IRuleBuilderInitial<T, IReadOnlyList<NotebookCell>> rule) => rule.Cascade(CascadeMode.Stop)
        .NotNull().WithMessage("must be given").OverridePropertyName("Cells")
        .Must(cells => cells.Count <= MaxCells).WithMessage($"must be at most {MaxCells}")
        .Must(cells => cells.Sum(c => (long)(c.Text?.Length ?? 0)) <= MaxLength).WithMessage($"must have at most {MaxLength} characters")
        .Must(cells => cells.All(c => c.Text is not null)).WithMessage("must have texts")
        .Must(cells => cells.All(c => (c.Options ?? new Dictionary<string, string>()).All(o => NotebookText.IsOptionName(o.Key) && NotebookText.IsOptionValue(o.Value))))
        .WithMessage("must have options whose names are letters, digits, _ and -, and whose values hold no quotes and line breaks");
}
