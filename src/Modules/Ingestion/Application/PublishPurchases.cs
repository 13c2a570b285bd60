using MediatR;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Ingestion.Application;

/// <summary>Validates the orders of a request and appends them to topic <see cref="Topics.PurchasedItem"/>, all or none.</summary>
/// <param name="Body">The request's bytes; in use until the task completes.</param>
/// <param name="IdempotencyKey">The client's key; null where it gave none.</param>
internal sealed record PublishPurchases(ReadOnlyMemory<byte> Body, string? IdempotencyKey) : IRequest<PublishResult>;

internal sealed class PublishPurchasesHandler(RecordPublisher publisher, LimitsProvider limits) : IRequestHandler<PublishPurchases, PublishResult>
{
    public async Task<PublishResult> Handle(PublishPurchases request, CancellationToken cancellationToken)
    {
        using var read = RequestReader.ReadOrders(request.Body, limits.Current, limits.MaxOrders);
        if (read.IsValid)
            return await publisher.PublishAsync(Topics.PurchasedItem, read, request.Body, request.IdempotencyKey, asArray: true, cancellationToken);
        return read.Errors is null ? PublishResult.TooManyOrders : PublishResult.Invalid(read.Errors);
    }
}
