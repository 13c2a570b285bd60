using MediatR;

namespace Pipeline.Console.Tests;

/// <summary>Answers requests as a test says.</summary>
internal sealed class FakeMediator(Func<object, object?> answer) : IMediator
{
    public Task<TResponse> Send<TResponse>(IRequest<TResponse> request, CancellationToken cancellationToken = default) => Task.FromResult((TResponse)answer(request)!);

    public Task<object> Send(object request, CancellationToken cancellationToken = default) => Task.FromResult(answer(request)!);

    Task IMediator.Publish<TNotification>(TNotification notification, CancellationToken cancellationToken) => throw new NotSupportedException();
}
