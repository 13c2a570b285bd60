using MediatR;

namespace Pipeline.Ingestion.Contracts;

/// <summary>Asks for the newest refused requests of this process.</summary>
/// <param name="Reason">Only those of this <see cref="RejectionReason"/>, by its name; null for all.</param>
/// <param name="Limit">How many at the most, 1 to 1,000.</param>
public sealed record ListRejectedRequests(string? Reason = null, int Limit = 100) : IRequest<RejectedRequests>;
