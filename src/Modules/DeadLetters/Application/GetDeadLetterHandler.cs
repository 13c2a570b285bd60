using System.Text;
using System.Text.Unicode;
using MediatR;
using Pipeline.DeadLetters.Contracts;

namespace Pipeline.DeadLetters.Application;

/// <summary>Gives a letter with its whole payload.</summary>
internal sealed class GetDeadLetterHandler(LetterLog log, IDeadLetterStore store) : IRequestHandler<GetDeadLetter, DeadLetterAnswer>
{
    public async Task<DeadLetterAnswer> Handle(GetDeadLetter request, CancellationToken cancellationToken)
    {
        await log.CatchUpAsync(cancellationToken);
        var presence = await log.PresenceAsync(request.Id, cancellationToken);
        if (presence != DeadLetterPresence.Here || await log.ReadAsync(request.Id, cancellationToken) is not { } record)
            return new DeadLetterAnswer(presence == DeadLetterPresence.Here ? DeadLetterPresence.Gone : presence);

        // A letter that a crash repeated is known by its first place.
        var stored = await store.FindAsync(record.Source, cancellationToken)
            ?? throw new TransientException($"Dead letter {request.Id} was not looked at yet; there are many new ones.");
        var isText = Utf8.IsValid(record.Payload);
        return new DeadLetterAnswer(DeadLetterPresence.Here, new DeadLetterDetails(
            stored.Letter with { Preview = LetterLog.Preview(record.Payload) },
            Encoding.UTF8.GetString(record.Key),
            isText ? Encoding.UTF8.GetString(record.Payload) : null,
            isText ? null : Convert.ToBase64String(record.Payload),
            [.. record.Headers.Select(h => new DeadLetterHeader(h.Name, Encoding.UTF8.GetString(h.Value.Span)))]));
    }
}
