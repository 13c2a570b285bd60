using System.Globalization;
using Pipeline.Workflows.Contracts;

namespace Pipeline.Workflows.Application.Requests;

/// <summary>Refusals of requests for runs and backfills that are not there.</summary>
internal static class NoRun
{
    public static Refusal Of(long run) =>
        new(RefusalKind.NotFound, string.Create(CultureInfo.InvariantCulture, $"There is no run {run}; it may have been purged."));

    public static Refusal OfBackfill(long backfill) =>
        new(RefusalKind.NotFound, string.Create(CultureInfo.InvariantCulture, $"There is no backfill {backfill}."));
}
