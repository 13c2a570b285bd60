using MediatR;
using Pipeline.Analytics.Contracts;

namespace Pipeline.Analytics.Application;

/// <summary>Answers <see cref="GetQuestions"/>.</summary>
internal sealed class GetQuestionsHandler : IRequestHandler<GetQuestions, IReadOnlyList<AnalyticsQuestion>>
{
    public Task<IReadOnlyList<AnalyticsQuestion>> Handle(GetQuestions request, CancellationToken cancellationToken) => Task.FromResult(Questions.All);
}
