using FluentValidation;
using MediatR;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>Runs a statement whose rows become a file.</summary>
internal sealed class ExportSqlHandler(SqlRunner runner) : IRequestHandler<ExportSql, SqlExport>
{
    public Task<SqlExport> Handle(ExportSql request, CancellationToken cancellationToken) => runner.ExportAsync(request, cancellationToken);
}

/// <summary>Checks <see cref="ExportSql"/>.</summary>
internal sealed class ExportSqlValidator : AbstractValidator<ExportSql>
{
    public ExportSqlValidator()
    {
        RuleFor(r => r.Sql).IsSql();
        RuleFor(r => r.Engine).IsInEnum().OverridePropertyName("Engine");
        RuleFor(r => r.Format).IsInEnum().OverridePropertyName("Format");
    }
}
