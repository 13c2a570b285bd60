using System.Globalization;
using System.Text;
using FluentValidation;
using MediatR;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.DeadLetters.Contracts;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.DeadLetters.Application;

/// <summary>
/// Replays letters, several at once. Of each: that a replay begins is recorded, then its record is published under the letter's idempotency key, then that it
/// was. Whatever dies in between, the next replay finds the beginning, the key and the record.
/// </summary>
internal sealed class ReplayDeadLettersHandler(
    LetterSelection selection, LetterLog log, IDeadLetterStore store, IMediator mediator, IOptions<DeadLettersOptions> options, ILogger<ReplayDeadLettersHandler> logger)
    : IRequestHandler<ReplayDeadLetters, ReplayReport>
{
    private const int ProblemsShown = 100;

    public async Task<ReplayReport> Handle(ReplayDeadLetters request, CancellationToken cancellationToken)
    {
        var (letters, missing, more) = await SelectAsync(request, cancellationToken);
        var tally = new Tally();
        foreach (var id in missing)
            tally.Problem(new ReplayProblem(id, ReplayProblemKind.Gone, $"There is no dead letter {id}, or the log does not hold it any more."));

        // Before any of them begins: nothing of this replay can be below.
        var ends = new Dictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var topic in letters.Select(l => LetterLog.SourceTopicOf(l.Letter.Id.Topic)).Distinct())
            ends[topic] = await log.EndsAsync(topic, cancellationToken);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Value.ParallelReplays, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(letters, parallel, async (letter, token) =>
        {
            if (!tally.IsStopped)
                await ReplayAsync(letter, request, ends[LetterLog.SourceTopicOf(letter.Letter.Id.Topic)], tally, token);
        });
        Log.Replayed(logger, tally.Replayed, tally.NotReplayed, request.By ?? "");
        DeadLettersTelemetry.Replayed(tally.Replayed, tally.NotReplayed);
        return new ReplayReport(tally.Replayed, tally.Already, tally.NotReplayed, tally.Problems(ProblemsShown), more || tally.IsStopped);
    }

    private async Task<(IReadOnlyList<StoredLetter> Letters, IReadOnlyList<DeadLetterId> Missing, bool More)> SelectAsync(
        ReplayDeadLetters request, CancellationToken cancellationToken)
    {
        if (request.Ids is { } ids)
        {
            var (found, missing) = await selection.FindAsync(ids, cancellationToken);
            return (found, missing, false);
        }

        var (letters, more) = await selection.FindAsync(request.Filter!, options.Value.MaxReplay, cancellationToken);
        return (letters, [], more);
    }

    private async Task ReplayAsync(StoredLetter letter, ReplayDeadLetters request, long[] ends, Tally tally, CancellationToken cancellationToken)
    {
        var id = letter.Letter.Id;
        try
        {
            if (await log.ReadAsync(id, cancellationToken) is not { } record)
            {
                tally.Problem(new ReplayProblem(id, ReplayProblemKind.Gone, $"The log does not hold dead letter {id} any more."));
                return;
            }

            var mine = new ReplayAttempt(Guid.NewGuid(), request.Payload is null ? null : Encoding.UTF8.GetBytes(request.Payload), ends);
            var attempt = await store.BeginAsync(letter.Source, mine, request.By, request.Note, cancellationToken);
            if (attempt is null)
            {
                tally.Count(already: true);
                return;
            }

            // From here on the caller's patience must not leave more letters half done than need be.
            await PublishAsync(letter, record, attempt, attempt.Id == mine.Id, mine.Payload, tally);
        }
        catch (TransientException e)
        {
            tally.Stop(new ReplayProblem(id, ReplayProblemKind.Unavailable, e.Message));
        }
    }

    private async Task PublishAsync(StoredLetter letter, LetterRecord record, ReplayAttempt attempt, bool isNew, byte[]? payload, Tally tally)
    {
        var id = letter.Letter.Id;
        var topic = LetterLog.SourceTopicOf(id.Topic);
        if (attempt.Payload is null && letter.Letter.CutFrom is { } cutFrom)
        {
            await store.ReleaseAsync(letter.Source, attempt.Id, CancellationToken.None);
            tally.Problem(new ReplayProblem(id, ReplayProblemKind.Refused, string.Create(
                CultureInfo.InvariantCulture, $"Of its payload of {cutFrom} bytes only the first {record.Payload.Length} were kept: give the whole payload.")));
            return;
        }

        var result = await mediator.Send(
            new RepublishRecord(topic, attempt.Payload ?? record.Payload, KeyOf(letter.Source), isNew ? null : attempt.Since), CancellationToken.None);
        switch (result.Outcome)
        {
            case RepublishOutcome.Accepted:
                await store.CompleteAsync(letter.Source, result.Record!.Partition, result.Record.Offset, CancellationToken.None);
                tally.Count(already: false);
                if (!isNew && payload is not null && !payload.AsSpan().SequenceEqual(attempt.Payload ?? record.Payload))
                    tally.Remark(new ReplayProblem(id, ReplayProblemKind.Busy, "A replay that had been begun before was finished; the payload given now was not used."));
                break;
            case RepublishOutcome.Invalid:
                await store.ReleaseAsync(letter.Source, attempt.Id, CancellationToken.None);
                tally.Problem(new ReplayProblem(id, ReplayProblemKind.Refused, $"The payload is refused: {Describe(result.Errors!)}.", result.Errors));
                break;
            case RepublishOutcome.UnknownTopic:
                await store.ReleaseAsync(letter.Source, attempt.Id, CancellationToken.None);
                tally.Problem(new ReplayProblem(id, ReplayProblemKind.Refused, $"No route publishes to topic {topic}, so its rules are not known."));
                break;
            case RepublishOutcome.Unknown:
                tally.Problem(new ReplayProblem(id, ReplayProblemKind.Unknown,
                    "A replay of it was begun so long ago that the log may have dropped its record: look for it, then discard the letter or send the record anew."));
                break;
            default:
                tally.Problem(new ReplayProblem(id, ReplayProblemKind.Busy,
                    "A replay of it is under way, or was cut off within the last half minute: try again in a moment."));
                break;
        }
    }

    /// <summary>The letter's idempotency key. It holds a blank, as no client's key does.</summary>
    internal static string KeyOf(LetterSource source) => string.Create(CultureInfo.InvariantCulture, $"dead letter {source.Topic}/{source.Partition}/{source.Offset}");

    private static string Describe(IReadOnlyDictionary<string, string> errors) => string.Join("; ", errors.Take(3).Select(e => $"{e.Key} {e.Value}"));

    private sealed class Tally
    {
        private readonly Lock _lock = new();
        private readonly List<ReplayProblem> _problems = [];

        public int Replayed { get; private set; }

        public int Already { get; private set; }

        public int NotReplayed { get; private set; }

        public bool IsStopped { get; private set; }

        public void Count(bool already)
        {
            lock (_lock)
            {
                if (already)
                    Already++;
                else
                    Replayed++;
            }
        }

        public void Problem(ReplayProblem problem)
        {
            lock (_lock)
            {
                NotReplayed++;
                _problems.Add(problem);
            }
        }

        public void Remark(ReplayProblem problem)
        {
            lock (_lock)
                _problems.Add(problem);
        }

        public void Stop(ReplayProblem problem)
        {
            Problem(problem);
            IsStopped = true;
        }

        public IReadOnlyList<ReplayProblem> Problems(int limit)
        {
            lock (_lock)
                return [.. _problems.Take(limit)];
        }
    }
}

/// <summary>Checks <see cref="ReplayDeadLetters"/>.</summary>
internal sealed class ReplayDeadLettersValidator : AbstractValidator<ReplayDeadLetters>
{
    public ReplayDeadLettersValidator(IOptions<DeadLettersOptions> options)
    {
        RuleFor(r => r).IsSelection(r => r.Ids, r => r.Filter, options.Value.MaxReplay);
        RuleFor(r => r.Payload).Must((r, payload) => payload is null || r.Ids is { Count: 1 }).WithMessage("can be given for one letter only").OverridePropertyName("Payload");
        RuleFor(r => r.By).MaximumLength(SelectionRules.MaxBy).WithMessage($"must have at most {SelectionRules.MaxBy} characters").OverridePropertyName("By");
        RuleFor(r => r.Note).MaximumLength(SelectionRules.MaxNote).WithMessage($"must have at most {SelectionRules.MaxNote} characters").OverridePropertyName("Note");
    }
}

/// <summary>The rules that several requests share.</summary>
internal static class SelectionRules
{
    public const int MaxBy = 200;

    public const int MaxNote = 2_000;

    public static void IsSelection<T>(this IRuleBuilderInitial<T, T> rule, Func<T, IReadOnlyList<DeadLetterId>?> ids, Func<T, DeadLetterFilter?> filter, int limit) => rule
        .Cascade(CascadeMode.Stop)
        .Must(r => ids(r) is null != filter(r) is null).WithMessage("must be given, or a filter, and not both").OverridePropertyName("Ids")
        .Must(r => ids(r) is null or { Count: > 0 } && (ids(r)?.Count ?? 0) <= limit).WithMessage($"must be 1 to {limit}");
}
