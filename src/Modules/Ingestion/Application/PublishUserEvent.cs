using MediatR;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion.Application;

/// <summary>Validates one user event and appends it to topic <see cref="Topics.UserEvents"/>.</summary>
/// <param name="Body">The request's bytes; in use until the task completes.</param>
/// <param name="IdempotencyKey">The client's key; null where it gave none.</param>
internal sealed record PublishUserEvent(ReadOnlyMemory<byte> Body, string? IdempotencyKey) : IRequest<PublishResult>;

internal sealed class PublishUserEventHandler(RecordPublisher publisher, LimitsProvider limits) : IRequestHandler<PublishUserEvent, PublishResult>
{
    public async Task<PublishResult> Handle(PublishUserEvent request, CancellationToken cancellationToken)
    {
        using var read = RequestReader.ReadEvent(request.Body, limits.Current);
        return read.IsValid
            ? await publisher.PublishAsync(Topics.UserEvents, read, request.Body, request.IdempotencyKey, asArray: false, cancellationToken)
            : PublishResult.Invalid(read.Errors!);
    }
}
