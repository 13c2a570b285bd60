using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Pipeline.Console.Pages.Sql;
using Pipeline.Query.Contracts;

namespace Pipeline.Console.Actions;

/// <summary>What the SQL editor does: runs a statement and gives what comes of it as a part of a page. Leaving the page, or Cancel, stops the statement.</summary>
internal static class SqlActions
{
    public static void Map(IEndpointRouteBuilder endpoints) => endpoints.MapPost("/console/sql/run", RunAsync).ExcludeFromDescription();

    private static async Task<RazorComponentResult<SqlResultView>> RunAsync(SqlRequest request, IMediator mediator, CancellationToken cancellationToken)
    {
        var events = await mediator.Send(new RunSql(request.Engine, request.Text, MaxRows: request.MaxRows ?? RunSql.DefaultMaxRows), cancellationToken);
        return new RazorComponentResult<SqlResultView>(new { Result = await SqlResult.ReadAsync(events, cancellationToken) });
    }

    /// <summary>A statement to run.</summary>
    internal sealed record SqlRequest(QueryEngine Engine, string Text, int? MaxRows);
}
