using System.ComponentModel;
using FluentValidation;
using FluentValidation.Results;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.DeadLetters.Contracts;
using Pipeline.ServiceDefaults.Http;

namespace Pipeline.DeadLetters.Infrastructure.Http;

/// <summary>The routes of the module.</summary>
internal static class DeadLetterEndpoints
{
    private const string Tag = "Dead letters";
    private const int DefaultPage = 50;
    private const string DefaultBy = "api";

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/dead-letters", ListAsync).WithName("ListDeadLetters").WithTags(Tag).WithSummary("Records that a sink could not take, the newest first")
            .Produces<DeadLetterPage>().ProducesValidationProblem().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        endpoints.MapGet("/dead-letters/summary", async (IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(new GetDeadLetterSummary(), cancellationToken)))
            .WithName("GetDeadLetterSummary").WithTags(Tag).WithSummary("How many dead letters there are, by topic, reason and state")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        endpoints.MapGet("/dead-letters/{topic}/{partition:int}/{offset:long}", GetAsync).WithName("GetDeadLetter").WithTags(Tag).WithSummary("One dead letter with its whole payload")
            .Produces<DeadLetterDetails>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status410Gone)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        endpoints.MapPost("/dead-letters/replay", async (ReplayBody body, IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(
                    new ReplayDeadLetters(body.Ids, body.Filter, body.Payload, body.By ?? DefaultBy, body.Note), cancellationToken)))
            .WithName("ReplayDeadLetters").WithTags(Tag).WithSummary("Appends the records of dead letters to their topic again, each once")
            .ProducesValidationProblem().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        endpoints.MapPost("/dead-letters/discard", async (DiscardBody body, IMediator mediator, CancellationToken cancellationToken) =>
                TypedResults.Ok(await mediator.Send(new DiscardDeadLetters(body.Ids, body.Filter, body.Note ?? "", body.By ?? DefaultBy), cancellationToken)))
            .WithName("DiscardDeadLetters").WithTags(Tag).WithSummary("Marks dead letters as not to be replayed")
            .ProducesValidationProblem().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> ListAsync(
        IMediator mediator,
        [Description("Only of this dead-letter topic.")] string? topic,
        [Description("Only of this reason.")] string? reason,
        [Description("Only in this state: open, replaying, replayed, discarded.")] string? state,
        [Description("The most letters of the page, 1 to 500; 50 when left out.")] string? limit,
        [Description("Next of the page before.")] string? after,
        CancellationToken cancellationToken)
    {
        var reader = new QueryReader();
        DeadLetterState? wanted = null;
        if (QueryReader.Text(state) is { } text)
        {
            if (Enum.TryParse<DeadLetterState>(text, ignoreCase: true, out var known) && Enum.IsDefined(known) && !char.IsAsciiDigit(text[0]))
                wanted = known;
            else
                reader.Fail("state", "must be one of open, replaying, replayed, discarded");
        }

        var request = new ListDeadLetters(
            QueryReader.Text(topic), QueryReader.Text(reason), wanted, reader.WholeNumber("limit", limit, DefaultPage), QueryReader.Text(after));
        reader.ThrowIfInvalid();
        return TypedResults.Ok(await mediator.Send(request, cancellationToken));
    }

    private static async Task<IResult> GetAsync(string topic, int partition, long offset, IMediator mediator, CancellationToken cancellationToken)
    {
        if (partition < 0 || offset < 0)
            throw new ValidationException([new ValidationFailure(partition < 0 ? "partition" : "offset", "must not be negative")]);
        var id = new DeadLetterId(topic, partition, offset);
        var answer = await mediator.Send(new GetDeadLetter(id), cancellationToken);
        return answer.Found switch
        {
            DeadLetterPresence.Here => TypedResults.Ok(answer.Details),
            DeadLetterPresence.Gone => TypedResults.Problem($"Retention has dropped dead letter {id}.", statusCode: StatusCodes.Status410Gone, title: "Gone."),
            _ => TypedResults.Problem($"There is no dead letter {id}.", statusCode: StatusCodes.Status404NotFound, title: "Not found."),
        };
    }
}

/// <summary>The body of a request to replay.</summary>
/// <param name="Ids">Which letters.</param>
/// <param name="Filter">Or all open ones that match.</param>
/// <param name="Payload">For one letter: another payload.</param>
/// <param name="By">Who asks.</param>
/// <param name="Note">Why.</param>
internal sealed record ReplayBody(
    [property: Description("Which letters: texts like UserEvents.dead/0/17. Or a filter.")] IReadOnlyList<DeadLetterId>? Ids,
    [property: Description("All open letters that match; {} means all. Or ids.")] DeadLetterFilter? Filter,
    [property: Description("For one letter: what is appended in place of its payload, as a text that holds JSON.")] string? Payload,
    [property: Description("Who asks.")] string? By,
    [property: Description("Why.")] string? Note);

/// <summary>The body of a request to discard.</summary>
/// <param name="Ids">Which letters.</param>
/// <param name="Filter">Or all open ones that match.</param>
/// <param name="Note">Why.</param>
/// <param name="By">Who asks.</param>
internal sealed record DiscardBody(
    [property: Description("Which letters: texts like UserEvents.dead/0/17. Or a filter.")] IReadOnlyList<DeadLetterId>? Ids,
    [property: Description("All open letters that match; {} means all. Or ids.")] DeadLetterFilter? Filter,
    [property: Description("Why.")] string? Note,
    [property: Description("Who asks.")] string? By);
