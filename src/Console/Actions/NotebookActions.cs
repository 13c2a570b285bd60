using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Console.Parts;
using Pipeline.Query.Contracts;

namespace Pipeline.Console.Actions;

/// <summary>What the notebook's page does: makes, saves and deletes notebooks, and renders the text of a cell.</summary>
internal static class NotebookActions
{
    private const int MostMarkdown = 1 << 20;

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var actions = endpoints.MapGroup("/console/actions/notebooks").ExcludeFromDescription();
        actions.MapPost("", async (NewNotebook body, IMediator mediator, CancellationToken cancellationToken) =>
            Answer(await mediator.Send(new CreateNotebook(body.Name, [NotebookCell.Markdown($"# {body.Name}")]), cancellationToken)));
        actions.MapPut("/{name}", async (string name, NotebookChange body, IMediator mediator, CancellationToken cancellationToken) =>
            Answer(await mediator.Send(new SaveNotebook(name, body.Cells, body.Version), cancellationToken)));
        actions.MapDelete("/{name}", async (string name, IMediator mediator, CancellationToken cancellationToken) =>
            Answer(await mediator.Send(new DeleteNotebook(name), cancellationToken)));
        endpoints.MapPost("/console/markdown", RenderAsync).ExcludeFromDescription();
    }

    private static async Task<IResult> RenderAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(request.Body);
        var text = new char[MostMarkdown + 1];
        var length = await reader.ReadBlockAsync(text, cancellationToken);
        return length > MostMarkdown
            ? Results.Problem("A cell's text has at most a million characters.", statusCode: StatusCodes.Status413PayloadTooLarge)
            : Results.Content(Markdown.Render(new string(text, 0, length)).Value, "text/html; charset=utf-8");
    }

    private static IResult Answer(NotebookOutcome outcome) => outcome.State switch
    {
        NotebookState.Done => Results.Ok(new { outcome.Notebook?.Name, outcome.Notebook?.Version }),
        NotebookState.NotFound => Results.Problem(outcome.Message ?? "There is no such notebook.", statusCode: StatusCodes.Status404NotFound),
        _ => Results.Problem(
            outcome.Message ?? "It was changed meanwhile, here or by another program: copy what you want to keep, and reload.", statusCode: StatusCodes.Status409Conflict),
    };

    /// <summary>A notebook to be.</summary>
    internal sealed record NewNotebook(string Name);

    /// <summary>A notebook as it was changed.</summary>
    internal sealed record NotebookChange(string Version, IReadOnlyList<NotebookCell> Cells);
}
