using FluentValidation;
using MediatR;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.DeadLetters.Contracts;

namespace Pipeline.DeadLetters.Application;

/// <summary>Marks letters as not to be replayed.</summary>
internal sealed class DiscardDeadLettersHandler(
    LetterSelection selection, IDeadLetterStore store, IOptions<DeadLettersOptions> options, TimeProvider time, ILogger<DiscardDeadLettersHandler> logger)
    : IRequestHandler<DiscardDeadLetters, DiscardReport>
{
    public async Task<DiscardReport> Handle(DiscardDeadLetters request, CancellationToken cancellationToken)
    {
        var discarded = 0;
        var asked = request.Ids?.Distinct().Count();
        if (request.Ids is { } ids)
            discarded = await DiscardAsync((await selection.FindAsync(ids, cancellationToken)).Letters, request, cancellationToken);
        else
        {
            // Page by page, until a page brings nothing: those that are being replayed stay in the list.
            bool more;
            int marked;
            do
            {
                (var letters, more) = await selection.FindAsync(request.Filter!, options.Value.MaxReplay, cancellationToken);
                discarded += marked = await DiscardAsync(letters, request, cancellationToken);
            }
            while (more && marked > 0);
        }

        Log.Discarded(logger, discarded, request.By ?? "");
        return new DiscardReport(discarded, Math.Max(0, (asked ?? discarded) - discarded));
    }

    private Task<int> DiscardAsync(IReadOnlyList<StoredLetter> letters, DiscardDeadLetters request, CancellationToken cancellationToken) => letters.Count == 0
        ? Task.FromResult(0)
        : store.DiscardAsync([.. letters.Select(l => l.Source)], time.GetUtcNow() - options.Value.ReplayTimeout, request.Note, request.By, cancellationToken);
}

/// <summary>Checks <see cref="DiscardDeadLetters"/>.</summary>
internal sealed class DiscardDeadLettersValidator : AbstractValidator<DiscardDeadLetters>
{
    public DiscardDeadLettersValidator(IOptions<DeadLettersOptions> options)
    {
        RuleFor(r => r).IsSelection(r => r.Ids, r => r.Filter, options.Value.MaxReplay);
        RuleFor(r => r.Note).NotEmpty().WithMessage("must say why").MaximumLength(SelectionRules.MaxNote)
            .WithMessage($"must have at most {SelectionRules.MaxNote} characters").OverridePropertyName("Note");
        RuleFor(r => r.By).MaximumLength(SelectionRules.MaxBy).WithMessage($"must have at most {SelectionRules.MaxBy} characters").OverridePropertyName("By");
    }
}
