using FluentValidation;
using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Shows lines of a run's log.</summary>
internal sealed class GetRunLogsHandler(IRunQueries queries) : IRequestHandler<GetRunLogs, Outcome<IReadOnlyList<RunLogLine>>>
{
    public async Task<Outcome<IReadOnlyList<RunLogLine>>> Handle(GetRunLogs request, CancellationToken cancellationToken) =>
        await queries.GetLogsAsync(request, cancellationToken) is { } lines ? new Outcome<IReadOnlyList<RunLogLine>>(lines, null) : NoRun.Of(request.Id);
}

/// <summary>Checks <see cref="GetRunLogs"/>.</summary>
internal sealed class GetRunLogsValidator : AbstractValidator<GetRunLogs>
{
    public GetRunLogsValidator() => RuleFor(r => r.Limit).InclusiveBetween(1, 10_000).WithMessage("must be from 1 to 10000").OverridePropertyName("limit");
}
