using System.Text.Json;
using FluentValidation;
using MediatR;
using Pipeline.EventLog;
using Pipeline.Events.Contracts;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Events.Application;

/// <summary>Answers <see cref="GetNewestEvents"/> from the end of each partition of the log.</summary>
internal sealed class GetNewestEventsHandler(IEventLog log) : IRequestHandler<GetNewestEvents, IReadOnlyList<NewestEvent>>
{
    /// <summary>Of the end of a partition no more than this is looked at, however large its records are.</summary>
    private const int MaxBytes = 256 << 10;

    public async Task<IReadOnlyList<NewestEvent>> Handle(GetNewestEvents request, CancellationToken cancellationToken)
    {
        var topic = (await log.GetTopicsAsync(cancellationToken)).FirstOrDefault(t => t.Name == Topics.UserEvents);
        var events = new List<NewestEvent>();
        foreach (var partition in topic?.Partitions ?? [])
        {
            var offset = Math.Max(partition.StartOffset, partition.EndOffset - request.Limit);
            if (offset == partition.EndOffset)
                continue;
            using var batch = await log.ReadAsync(Topics.UserEvents, partition.Partition, offset, MaxBytes, cancellationToken);
            foreach (var record in batch)
            {
                if (Read(record.Value) is { } read)
                    events.Add(new NewestEvent(record.Timestamp, read));
            }
        }

        return [.. events.OrderByDescending(e => e.ReceivedAt).Take(request.Limit)];
    }

    /// <summary>The event of a payload; null where it is none and goes to the dead letters.</summary>
    private static StoredUserEvent? Read(ReadOnlySpan<byte> payload)
    {
        try
        {
            var e = JsonSerializer.Deserialize(payload, EventsJsonContext.Default.StoredUserEvent);
            return e is { UserId: not null, SessionId: not null, EventName: not null } ? e : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What may be asked for.</summary>
internal sealed class GetNewestEventsValidator : AbstractValidator<GetNewestEvents>
{
    private const int Most = 1_000;

    public GetNewestEventsValidator() =>
        RuleFor(q => q.Limit).InclusiveBetween(1, Most).WithMessage("must be from 1 to 1000").OverridePropertyName(QueryParameter.Limit);
}
