using FluentValidation;
using MediatR;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Answers a question over the lake.</summary>
internal sealed class QueryLakeHandler(ILakeQueries lake) : IRequestHandler<QueryLake, TaskRows>
{
    public async Task<TaskRows> Handle(QueryLake request, CancellationToken cancellationToken) =>
        new("the query", await lake.QueryAsync(request.Sql, request.Limit, cancellationToken));
}

/// <summary>Checks <see cref="QueryLake"/>.</summary>
internal sealed class QueryLakeValidator : AbstractValidator<QueryLake>
{
    public QueryLakeValidator()
    {
        RuleFor(r => r.Sql).NotEmpty().WithMessage("must not be empty").OverridePropertyName("sql");
        RuleFor(r => r.Limit).InclusiveBetween(1, 1_000_000).WithMessage("must be from 1 to 1000000").OverridePropertyName("limit");
    }
}
