using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pipeline.Console.Parts;
using Pipeline.Lake;

namespace Pipeline.Console.Actions;

/// <summary>What the buttons of a table's page do.</summary>
internal static class LakeActions
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var actions = endpoints.MapGroup("/console/actions/lake").ExcludeFromDescription();
        actions.MapPost("/compact", CompactAsync);
        actions.MapPost("/vacuum", VacuumAsync);
    }

    private static async Task<IResult> CompactAsync(LakeCatalog lake, string table, CancellationToken cancellationToken)
    {
        var result = await lake.Table(table).CompactAsync(cancellationToken: cancellationToken);
        return Results.Ok(new ActionDone(result.FilesRemoved == 0
            ? "There is nothing to compact."
            : $"{Text.Count(result.FilesRemoved)} files became {Text.Count(result.FilesAdded)}, {Text.Bytes(result.BytesRemoved)} became {Text.Bytes(result.BytesAdded)}."));
    }

    private static async Task<IResult> VacuumAsync(LakeCatalog lake, string table, CancellationToken cancellationToken)
    {
        var result = await lake.Table(table).VacuumAsync(cancellationToken: cancellationToken);
        return Results.Ok(new ActionDone(result.Files.Count == 0
            ? "No file is old enough to be deleted."
            : $"{Text.Count(result.Files.Count)} files of {Text.Bytes(result.Bytes)} were deleted."));
    }
}

/// <summary>What a button did, as a sentence.</summary>
internal sealed record ActionDone(string Message);
