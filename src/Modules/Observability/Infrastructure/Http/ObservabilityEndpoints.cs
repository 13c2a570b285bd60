using System.ComponentModel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Pipeline.Observability.Application;
using Pipeline.Observability.Contracts;
using Pipeline.Observability.Domain;
using Pipeline.ServiceDefaults.Http;

namespace Pipeline.Observability.Infrastructure.Http;

/// <summary>The routes of the module.</summary>
internal static class ObservabilityEndpoints
{
    private const string Tag = "Observability";
    private const int DefaultTraces = 50;
    private const int DefaultLines = 100;

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/traces", SearchAsync).WithTags(Tag).WithSummary("Traces of this process by order, user or trace id, newest first").ProducesValidationProblem();
        endpoints.MapGet("/traces/{id}", GetTraceAsync).WithTags(Tag).WithSummary("The spans of a trace and of the batches that its work went into").ProducesValidationProblem();
        endpoints.MapGet("/logs", GetLogsAsync).WithTags(Tag).WithSummary("Log records of this process, newest first").ProducesValidationProblem();
        endpoints.MapGet("/figures", async (HttpContext context, IMediator mediator, CancellationToken cancellationToken) =>
                Fresh(context, await mediator.Send(new GetLiveFigures(), cancellationToken)))
            .WithTags(Tag).WithSummary("Rates, lag, freshness and latencies of now and the last five minutes, and what is not well");
        endpoints.MapGet("/metrics", async (IMediator mediator, CancellationToken cancellationToken) =>
                Results.Text(await mediator.Send(new GetMetrics(), cancellationToken), PrometheusText.ContentType))
            .WithTags(Tag).WithSummary("Measurements in Prometheus' text format").Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    private static async Task<Ok<IReadOnlyList<TraceSummary>>> SearchAsync(
        HttpContext context,
        IMediator mediator,
        [Description("Only requests that brought this order.")] string? orderId,
        [Description("Only requests that brought something of this user.")] string? userId,
        [Description("Only this trace: its id or the beginning of it.")] string? traceId,
        [Description("true: only traces that failed.")] bool? errors,
        [Description("The most traces, 1 to 1000; 50 when left out.")] string? limit,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new SearchTraces(
            QueryReader.Text(orderId), QueryReader.Text(userId), QueryReader.Text(traceId), errors ?? false, reader.WholeNumber("limit", limit, DefaultTraces));
        reader.ThrowIfInvalid();
        return Fresh(context, await mediator.Send(query, cancellationToken));
    }

    private static async Task<Results<Ok<TraceView>, ProblemHttpResult>> GetTraceAsync(HttpContext context, IMediator mediator, string id, CancellationToken cancellationToken)
    {
        var trace = await mediator.Send(new GetTrace(id), cancellationToken);
        return trace is not null
            ? Fresh(context, trace)
            : TypedResults.Problem("It was not traced, is too old, or was traced by another process.", statusCode: StatusCodes.Status404NotFound, title: $"There is no trace {id} in memory.");
    }

    private static async Task<Ok<LogPage>> GetLogsAsync(
        HttpContext context,
        IMediator mediator,
        [Description("The least level, such as Warning.")] string? level,
        [Description("Only records that contain this.")] string? text,
        [Description("Only records of this trace.")] string? traceId,
        [Description("The most records, 1 to 1000; 100 when left out.")] string? limit,
        [Description("Only records after this number, Last of the answer before.")] long? after,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new GetLogs(
            QueryReader.Text(level), QueryReader.Text(text), QueryReader.Text(traceId), reader.WholeNumber("limit", limit, DefaultLines), after);
        reader.ThrowIfInvalid();
        return Fresh(context, await mediator.Send(query, cancellationToken));
    }

    private static Ok<T> Fresh<T>(HttpContext context, T answer)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(answer);
    }
}
