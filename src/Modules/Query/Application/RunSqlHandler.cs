using FluentValidation;
using MediatR;
using Microsoft.Extensions.Options;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>Runs a statement.</summary>
internal sealed class RunSqlHandler(SqlRunner runner) : IRequestHandler<RunSql, IAsyncEnumerable<SqlEvent>>
{
    public Task<IAsyncEnumerable<SqlEvent>> Handle(RunSql request, CancellationToken cancellationToken) =>
        Task.FromResult(runner.RunAsync(request, cancellationToken));
}

/// <summary>Checks <see cref="RunSql"/>.</summary>
internal sealed class RunSqlValidator : AbstractValidator<RunSql>
{
    public RunSqlValidator(IOptions<QueryOptions> options)
    {
        RuleFor(r => r.Sql).IsSql();
        RuleFor(r => r.Engine).IsInEnum().OverridePropertyName("Engine");
        RuleFor(r => r.MaxRows).InclusiveBetween(1, options.Value.MaxRows).WithMessage($"must be from 1 to {options.Value.MaxRows}").OverridePropertyName("MaxRows");
    }
}

/// <summary>The rules that several requests share.</summary>
internal static class SqlRules
{
    private const int MaxLength = 100_000;

    public static IRuleBuilderOptions<T, string> IsSql<T>(this IRuleBuilderInitial<T, string> rule) => rule.Cascade(CascadeMode.Stop)
        .NotEmpty().WithMessage("must not be empty").OverridePropertyName("Sql")
        .MaximumLength(MaxLength).WithMessage($"must have at most {MaxLength} characters")
        .Must(text => !text.Contains('\0', StringComparison.Ordinal)).WithMessage("must not hold a NUL character");
}
