using System.ComponentModel;
using System.Globalization;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Pipeline.ServiceDefaults.Http;
using Pipeline.Workflows.Application.Engine;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Infrastructure.Http;

/// <summary>The routes of the module.</summary>
internal static class WorkflowEndpoints
{
    private const string Tag = "Workflows";
    private const int DefaultPage = 50;
    private const int DefaultLines = 1_000;
    private const int DefaultRows = 10;

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/workflows", async (IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(new ListWorkflows(), cancellationToken)))
            .WithName("ListWorkflows").WithTags(Tag).WithSummary("The workflows, with schedule, last run and what is wrong with their files")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        endpoints.MapGet("/workflows/{name}", (string name, IMediator mediator, CancellationToken cancellationToken) =>
                AnswerAsync(mediator.Send(new GetWorkflow(name), cancellationToken)))
            .Describe<WorkflowDetails>("GetWorkflow", "A workflow: its tasks, parameters, next slots and faults");
        endpoints.MapGet("/workflows/{name}/runs", RunsAsync)
            .Describe<IReadOnlyList<RunSummary>>("ListRuns", "Runs of a workflow, the newest first; the Link header has the next page").ProducesValidationProblem();
        endpoints.MapPost("/workflows/{name}/runs", StartAsync)
            .Describe<RunSummary>("StartRun", "Starts a run", StatusCodes.Status202Accepted).ProducesValidationProblem().ProducesProblem(StatusCodes.Status409Conflict);
        endpoints.MapPost("/workflows/{name}/backfill", BackfillAsync)
            .Describe<BackfillDetails>("StartBackfill", "Makes a run for each slot of a range that has none", StatusCodes.Status202Accepted)
            .ProducesValidationProblem().ProducesProblem(StatusCodes.Status409Conflict);
        endpoints.MapPost("/workflows/{name}/pause", (string name, IMediator mediator, CancellationToken cancellationToken) =>
                AnswerAsync(mediator.Send(new PauseWorkflow(name), cancellationToken)))
            .Describe<WorkflowDetails>("PauseWorkflow", "Pauses the schedule; runs that were made go on");
        endpoints.MapPost("/workflows/{name}/resume", (string name, IMediator mediator, CancellationToken cancellationToken) =>
                AnswerAsync(mediator.Send(new ResumeWorkflow(name), cancellationToken)))
            .Describe<WorkflowDetails>("ResumeWorkflow", "Ends the pause; slots that passed are missed, or caught up with");
        endpoints.MapGet("/runs/{id:long}", (long id, IMediator mediator, CancellationToken cancellationToken) => AnswerAsync(mediator.Send(new GetRun(id), cancellationToken)))
            .Describe<RunDetails>("GetRun", "A run: its tasks, their tries, counts and errors");
        endpoints.MapGet("/runs/{id:long}/logs", LogsAsync)
            .Describe<IReadOnlyList<RunLogLine>>("GetRunLogs", "Lines of a run's log; ask again with the last one's number to follow it").ProducesValidationProblem();
        endpoints.MapGet("/runs/{id:long}/tasks/{task}/rows", RowsAsync)
            .Describe<TaskRows>("GetTaskRows", "The first rows of what a task left").ProducesValidationProblem();
        endpoints.MapPost("/runs/{id:long}/cancel", (long id, IMediator mediator, CancellationToken cancellationToken) =>
                AnswerAsync(mediator.Send(new CancelRun(id), cancellationToken), StatusCodes.Status202Accepted))
            .Describe<RunSummary>("CancelRun", "Ends a run early; it waits for its tasks to stop", StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status409Conflict);
        endpoints.MapPost("/runs/{id:long}/retry", (long id, IMediator mediator, CancellationToken cancellationToken) =>
                AnswerAsync(mediator.Send(new RetryRun(id), cancellationToken), StatusCodes.Status202Accepted))
            .Describe<RunSummary>("RetryRun", "Runs again what did not end well", StatusCodes.Status202Accepted).ProducesProblem(StatusCodes.Status409Conflict);
        endpoints.MapGet("/backfills/{id:long}", (long id, IMediator mediator, CancellationToken cancellationToken) => AnswerAsync(mediator.Send(new GetBackfill(id), cancellationToken)))
            .Describe<BackfillDetails>("GetBackfill", "How far a backfill is");
        endpoints.MapPost("/backfills/{id:long}/cancel", (long id, IMediator mediator, CancellationToken cancellationToken) =>
                AnswerAsync(mediator.Send(new CancelBackfill(id), cancellationToken), StatusCodes.Status202Accepted))
            .Describe<BackfillDetails>("CancelBackfill", "Cancels the runs of a backfill that have not ended", StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> RunsAsync(
        HttpContext context,
        string name,
        IMediator mediator,
        [Description("Only in this state: queued, running, succeeded, failed, cancelled, timed_out.")] string? state,
        [Description("Only of this backfill.")] string? backfill,
        [Description("The most runs of the page, 1 to 1000; 50 when left out.")] string? limit,
        [Description("Only runs with lower numbers.")] string? before,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        RunState? wanted = null;
        if (QueryReader.Text(state) is { } text)
        {
            if (Names<RunState>.TryParse(text, out var known))
                wanted = known;
            else
                reader.Fail("state", $"must be one of {string.Join(", ", Enum.GetValues<RunState>().Select(Names<RunState>.Of))}");
        }

        var query = new ListRuns(
            name, wanted, reader.LongNumber("backfill", backfill), reader.WholeNumber("limit", limit, DefaultPage), reader.LongNumber("before", before));
        reader.ThrowIfInvalid();
        var outcome = await mediator.Send(query, cancellationToken);
        if (outcome.Value is not { } page)
            return Problem(outcome.Refusal!);
        if (page.Next is { } next)
        {
            var parameters = new QueryBuilder { { "limit", query.Limit.ToString(CultureInfo.InvariantCulture) }, { "before", next.ToString(CultureInfo.InvariantCulture) } };
            if (wanted is { } given)
                parameters.Add("state", Names<RunState>.Of(given));
            if (query.Backfill is { } id)
                parameters.Add("backfill", id.ToString(CultureInfo.InvariantCulture));
            var path = context.Request.PathBase.Add(context.Request.Path).ToUriComponent();
            context.Response.Headers[HeaderNames.Link] = $"<{path}{parameters}>; rel=\"next\"";
        }

        return TypedResults.Ok(page.Runs);
    }

    private static async Task<IResult> StartAsync(string name, StartRunBody? body, IMediator mediator, CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var request = new StartRun(name, reader.Parameters(body?.Params), reader.Time(nameof(StartRunBody.LogicalDate), body?.LogicalDate));
        reader.ThrowIfInvalid();
        var outcome = await mediator.Send(request, cancellationToken);
        return outcome.Value is { } run ? TypedResults.Accepted(string.Create(CultureInfo.InvariantCulture, $"/runs/{run.Id}"), run) : Problem(outcome.Refusal!);
    }

    private static async Task<IResult> BackfillAsync(string name, StartBackfillBody? body, IMediator mediator, CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var request = new StartBackfill(
            name, reader.Moment(nameof(body.From), body?.From), reader.Moment(nameof(body.To), body?.To), body?.Concurrency ?? 1, reader.Parameters(body?.Params));
        reader.ThrowIfInvalid();
        var outcome = await mediator.Send(request, cancellationToken);
        return outcome.Value is { } backfill
            ? TypedResults.Accepted(string.Create(CultureInfo.InvariantCulture, $"/backfills/{backfill.Id}"), backfill)
            : Problem(outcome.Refusal!);
    }

    private static async Task<IResult> LogsAsync(
        long id,
        IMediator mediator,
        [Description("Only of this task.")] string? task,
        [Description("Only of this try; 1 is the first.")] string? @try,
        [Description("Only lines with greater numbers.")] string? after,
        [Description("The most lines, 1 to 10000; 1000 when left out.")] string? limit,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var number = string.IsNullOrEmpty(@try) ? (int?)null : reader.WholeNumber("try", @try, 0);
        var query = new GetRunLogs(id, QueryReader.Text(task), number, reader.LongNumber("after", after) ?? 0, reader.WholeNumber("limit", limit, DefaultLines));
        reader.ThrowIfInvalid();
        return await AnswerAsync(mediator.Send(query, cancellationToken));
    }

    private static async Task<IResult> RowsAsync(
        long id,
        string task,
        IMediator mediator,
        [Description("The most rows, 1 to 1000; 10 when left out.")] string? limit,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        var query = new GetTaskRows(id, task, reader.WholeNumber("limit", limit, DefaultRows));
        reader.ThrowIfInvalid();
        return await AnswerAsync(mediator.Send(query, cancellationToken));
    }

    private static async Task<IResult> AnswerAsync<T>(Task<Outcome<T>> sent, int status = StatusCodes.Status200OK)
        where T : class
    {
        var outcome = await sent;
        if (outcome.Value is not { } value)
            return Problem(outcome.Refusal!);
        return status == StatusCodes.Status202Accepted ? TypedResults.Accepted((string?)null, value) : TypedResults.Ok(value);
    }

    private static ProblemHttpResult Problem(Refusal refusal) => refusal.Kind == RefusalKind.NotFound
        ? TypedResults.Problem(refusal.Message, statusCode: StatusCodes.Status404NotFound, title: "Not found.")
        : TypedResults.Problem(refusal.Message, statusCode: StatusCodes.Status409Conflict, title: "Not possible in this state.");

    private static RouteHandlerBuilder Describe<T>(this RouteHandlerBuilder endpoint, string name, string summary, int status = StatusCodes.Status200OK) =>
        endpoint.WithName(name).WithTags(Tag).WithSummary(summary)
            .Produces<T>(status).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
}
