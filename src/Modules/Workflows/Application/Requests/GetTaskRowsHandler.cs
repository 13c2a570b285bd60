using FluentValidation;
using MediatR;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Shows rows of a task's output.</summary>
internal sealed class GetTaskRowsHandler(IRunQueries queries, IOutputReader reader) : IRequestHandler<GetTaskRows, Outcome<TaskRows>>
{
    public async Task<Outcome<TaskRows>> Handle(GetTaskRows request, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(request.Run, cancellationToken) is not { } run)
            return NoRun.Of(request.Run);
        if (run.Tasks.FirstOrDefault(t => t.Name == request.Task) is not { } task)
            return new Refusal(RefusalKind.NotFound, $"Run {request.Run} has no task '{request.Task}'. There are {string.Join(", ", run.Tasks.Select(t => t.Name))}.");
        if (await queries.GetOutputAsync(request.Run, request.Task, cancellationToken) is not { } output)
            return new Refusal(RefusalKind.NotFound, $"Task '{request.Task}' of run {request.Run} left nothing to read.");
        return new TaskRows(task.Output ?? "", await reader.ReadAsync(output, request.Limit, cancellationToken));
    }
}

/// <summary>Checks <see cref="GetTaskRows"/>.</summary>
internal sealed class GetTaskRowsValidator : AbstractValidator<GetTaskRows>
{
    public GetTaskRowsValidator() => RuleFor(r => r.Limit).InclusiveBetween(1, 1_000).WithMessage("must be from 1 to 1000").OverridePropertyName("limit");
}
