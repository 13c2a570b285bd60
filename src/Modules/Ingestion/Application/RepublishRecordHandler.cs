using System.Text.Json;
using FluentValidation;
using MediatR;
using Pipeline.Ingestion.Contracts;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Application;

/// <summary>Reads the payload as the topic's route reads a body, and publishes it under its key.</summary>
internal sealed class RepublishRecordHandler(RecordPublisher publisher, LimitsProvider limits) : IRequestHandler<RepublishRecord, RepublishResult>
{
    private const string FirstOrder = "[0].";

    public async Task<RepublishResult> Handle(RepublishRecord request, CancellationToken cancellationToken)
    {
        var isOrder = request.Topic == Topics.PurchasedItem;
        if (!isOrder && request.Topic != Topics.UserEvents)
            return new RepublishResult(RepublishOutcome.UnknownTopic);
        if (request.Since is { } since)
        {
            var (known, position) = await publisher.FindAsync(request.Topic, request.Key, since, cancellationToken);
            if (position is { } found)
                return new RepublishResult(RepublishOutcome.Accepted, new AcceptedRecord(request.Topic, found.Partition, found.Offset));
            if (!known)
                return new RepublishResult(RepublishOutcome.Unknown);
        }

        ReadOnlyMemory<byte> body = isOrder ? (byte[])[(byte)'[', .. request.Payload.Span, (byte)']'] : request.Payload;
        using var read = isOrder ? RequestReader.ReadOrders(body, limits.Current, maxOrders: 1) : RequestReader.ReadEvent(body, limits.Current);
        if (!read.IsValid)
            return new RepublishResult(RepublishOutcome.Invalid, Errors: Describe(read.Errors));
        var result = await publisher.PublishAsync(request.Topic, read, body, request.Key, asArray: false, cancellationToken);
        return result.Outcome switch
        {
            PublishOutcome.Accepted => new RepublishResult(
                RepublishOutcome.Accepted, JsonSerializer.Deserialize(result.Answer.Span, IngestionJsonContext.Default.AcceptedRecord)),
            PublishOutcome.KeyConflict => new RepublishResult(RepublishOutcome.Conflict),
            PublishOutcome.KeyInProgress => new RepublishResult(RepublishOutcome.InProgress),
            _ => new RepublishResult(RepublishOutcome.Invalid, Errors: Describe(result.Errors)),
        };
    }

    // No errors where there is more than one order.
    private static Dictionary<string, string> Describe(FieldErrors? errors) => errors is null
        ? new() { [FieldErrors.Body] = "must be one order" }
        : errors.Messages.DistinctBy(e => Plain(e.Key)).ToDictionary(e => Plain(e.Key), e => e.Value);

    private static string Plain(string path) => path.StartsWith(FirstOrder, StringComparison.Ordinal) ? path[FirstOrder.Length..] : path;
}

internal sealed class RepublishRecordValidator : AbstractValidator<RepublishRecord>
{
    private const int MaxKeyLength = 400;

    public RepublishRecordValidator() => RuleFor(r => r.Key)
        .Must(key => key is { Length: > 0 and <= MaxKeyLength } && key.All(char.IsAscii)).WithMessage($"must be 1 to {MaxKeyLength} characters of ASCII");
}
