using System.ComponentModel;
using System.Text.Json;
using FluentValidation;
using FluentValidation.Results;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Http;

/// <summary>The routes of the module.</summary>
internal static class SqlEndpoints
{
    private const string Tag = "SQL";
    private const int MaxBodyBytes = 1 << 20;

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/sql", RunAsync).WithName("RunSql").WithTags(Tag).WithSummary("Runs a SELECT over lake or warehouse: columns, rows, time")
            .Accepts<SqlBody>("application/json").ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status429TooManyRequests).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        endpoints.MapPost("/sql/export", ExportAsync).WithName("ExportSql").WithTags(Tag).WithSummary("Runs a SELECT and gives all its rows as CSV or Parquet")
            .Accepts<SqlBody>("application/json", "application/x-www-form-urlencoded").ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status429TooManyRequests).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        endpoints.MapGet("/sql/schema", async (IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(new GetSqlSchema(), cancellationToken)))
            .WithName("GetSqlSchema").WithTags(Tag).WithSummary("The tables of lake and warehouse with their columns");
        endpoints.MapGet("/sql/running", async (IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(new ListRunning(), cancellationToken)))
            .WithName("ListRunningSql").WithTags(Tag).WithSummary("The statements that run or wait in this process");
        endpoints.MapDelete("/sql/running/{id:guid}", async (Guid id, IMediator mediator, CancellationToken cancellationToken) =>
                await mediator.Send(new CancelSql(id), cancellationToken)
                    ? Results.NoContent()
                    : Results.Problem("No statement of this id runs or waits in this process.", statusCode: StatusCodes.Status404NotFound, title: "Not found."))
            .WithName("CancelSql").WithTags(Tag).WithSummary("Stops a statement").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        endpoints.MapGet("/notebooks", async (IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(new ListNotebooks(), cancellationToken)))
            .WithName("ListNotebooks").WithTags(Tag).WithSummary("The notebooks");
        endpoints.MapGet("/notebooks/{name}", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
                await mediator.Send(new GetNotebook(name), cancellationToken) is { } notebook
                    ? Results.Ok(notebook)
                    : Results.Problem($"There is no notebook '{name}'.", statusCode: StatusCodes.Status404NotFound, title: "Not found."))
            .WithName("GetNotebook").WithTags(Tag).WithSummary("A notebook with its cells").Produces<Notebook>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> RunAsync(HttpContext context, IMediator mediator, CancellationToken cancellationToken)
    {
        if (await ReadAsync(context, forms: false, cancellationToken) is not { } body)
            return UnsupportedMediaType();
        var events = await mediator.Send(
            new RunSql(body.ToEngine(), body.Sql ?? "", body.ToParameters(), body.MaxRows ?? RunSql.DefaultMaxRows), cancellationToken);
        await using var rest = events.GetAsyncEnumerator(cancellationToken);

        // The status is that of the beginning: an error among the rows stands in the answer.
        var first = new List<SqlEvent>();
        while (!first.Exists(e => e is SqlRows or SqlFinished or SqlFailed) && await rest.MoveNextAsync())
            first.Add(rest.Current);
        if (first[^1] is SqlFailed failed)
            return Problem(failed.Error);
        context.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        await SqlJson.WriteAsync(json, first, rest, cancellationToken);
        return Results.Empty;
    }

    private static async Task<IResult> ExportAsync(
        HttpContext context,
        IMediator mediator,
        ILoggerFactory loggers,
        [Description("csv or parquet; csv when left out.")] string? format,
        CancellationToken cancellationToken)
    {
        // A page of another site could post the form; it could not read the answer, but the work would be done.
        if (context.Request.Headers["Sec-Fetch-Site"].ToString() is "cross-site")
            return Results.Problem("Exports are not for pages of other sites.", statusCode: StatusCodes.Status403Forbidden, title: "Forbidden.");
        if (await ReadAsync(context, forms: true, cancellationToken) is not { } body)
            return UnsupportedMediaType();
        if (!Enum.TryParse<ExportFormat>(string.IsNullOrEmpty(format) ? "csv" : format, ignoreCase: true, out var wanted) || !Enum.IsDefined(wanted))
            throw new ValidationException([new ValidationFailure("format", "must be csv or parquet")]);
        await using var export = await mediator.Send(new ExportSql(body.ToEngine(), body.Sql ?? "", wanted, body.ToParameters()), cancellationToken);
        if (export.Error is { } error)
            return Problem(error);
        context.Response.ContentType = export.ContentType;
        context.Response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = export.FileName }.ToString();
        try
        {
            await export.WriteToAsync(context.Response.Body, cancellationToken);
        }
        catch (Exception e) when (e is TerminalException or TransientException)
        {
            // Whoever reads must see that the file is not whole.
            Log.ExportBroken(loggers.CreateLogger(typeof(SqlEndpoints)), e.Message);
            context.Abort();
        }

        return Results.Empty;
    }

    private static async Task<SqlBody?> ReadAsync(HttpContext context, bool forms, CancellationToken cancellationToken)
    {
        var request = context.Request;
        if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = MaxBodyBytes;
        if (forms && request.HasFormContentType)
            return SqlBody.Of(await request.ReadFormAsync(cancellationToken));
        if (!request.HasJsonContentType())
            return null;
        try
        {
            return await request.ReadFromJsonAsync(QueryJsonContext.Default.SqlBody, cancellationToken)
                ?? throw new ValidationException([new ValidationFailure("$", "must be an object")]);
        }
        catch (JsonException e)
        {
            throw new ValidationException([new ValidationFailure(e.Path ?? "$", "is not valid JSON of this request")]);
        }
    }

    private static IResult UnsupportedMediaType() =>
        Results.Problem("Send Content-Type: application/json.", statusCode: StatusCodes.Status415UnsupportedMediaType, title: "The body must be JSON.");

    private static IResult Problem(SqlError error) => Results.Problem(
        error.Sentence,
        title: "The statement did not run.",
        statusCode: error.Kind switch
        {
            SqlErrorKind.TooMany => StatusCodes.Status429TooManyRequests,
            SqlErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
            SqlErrorKind.Cancelled => StatusCodes.Status409Conflict,
            SqlErrorKind.TimeLimit => StatusCodes.Status408RequestTimeout,
            _ => StatusCodes.Status400BadRequest,
        },
        extensions: new Dictionary<string, object?> { ["error"] = error });
}
