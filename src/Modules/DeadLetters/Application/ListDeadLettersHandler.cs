using System.Globalization;
using FluentValidation;
using MediatR;
using Pipeline.DeadLetters.Contracts;

namespace Pipeline.DeadLetters.Application;

/// <summary>Lists letters with the beginnings of their payloads.</summary>
internal sealed class ListDeadLettersHandler(LetterLog log, IDeadLetterStore store) : IRequestHandler<ListDeadLetters, DeadLetterPage>
{
    public async Task<DeadLetterPage> Handle(ListDeadLetters request, CancellationToken cancellationToken)
    {
        var caughtUp = await log.CatchUpAsync(cancellationToken);
        var after = PageCursor.TryParse(request.After, out var cursor) ? cursor : ((DateTimeOffset At, long RowId)?)null;
        var letters = await store.ListAsync(new LetterQuery(request.Topic, request.Reason, request.State, after, request.Limit + 1), cancellationToken);
        var page = letters.Take(request.Limit).ToList();
        var previews = await log.PreviewsAsync(page.Select(l => l.Letter.Id), cancellationToken);
        var next = letters.Count > request.Limit ? PageCursor.Write(page[^1].Letter.At, page[^1].RowId) : null;
        return new DeadLetterPage([.. page.Select(l => l.Letter with { Preview = previews.GetValueOrDefault(l.Letter.Id) })], next, caughtUp);
    }
}

/// <summary>Checks <see cref="ListDeadLetters"/>.</summary>
internal sealed class ListDeadLettersValidator : AbstractValidator<ListDeadLetters>
{
    private const int MaxLimit = 500;

    public ListDeadLettersValidator()
    {
        RuleFor(r => r.Limit).InclusiveBetween(1, MaxLimit).WithMessage($"must be from 1 to {MaxLimit}").OverridePropertyName("limit");
        RuleFor(r => r.After).Must(after => after is null || PageCursor.TryParse(after, out _)).WithMessage("must be the Next of the page before").OverridePropertyName("after");
        RuleFor(r => r.State).IsInEnum().OverridePropertyName("state");
    }
}

/// <summary>Where a page begins: time and number of the last letter of the page before.</summary>
internal static class PageCursor
{
    public static string Write(DateTimeOffset at, long rowId) => string.Create(CultureInfo.InvariantCulture, $"{at.UtcTicks}-{rowId}");

    public static bool TryParse(string? text, out (DateTimeOffset At, long RowId) cursor)
    {
        cursor = default;
        if (text?.Split('-') is not [var ticks, var row] || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            || !long.TryParse(row, NumberStyles.None, CultureInfo.InvariantCulture, out var rowId) || at > DateTimeOffset.MaxValue.UtcTicks)
            return false;
        cursor = (new DateTimeOffset(at, TimeSpan.Zero), rowId);
        return true;
    }
}
