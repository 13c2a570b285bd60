using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Workflows.Infrastructure.Definitions;
using Pipeline.Workflows.Tests.Definitions;

namespace Pipeline.Workflows.Tests.Shipped;

public sealed class ShippedDefinitionsTests
{
    [Fact]
    public async Task Folder_AllThatIsShipped_HasNoFault()
    {
        var options = Options.Create(new WorkflowsOptions { Folder = Path.Combine(AppContext.BaseDirectory, "workflows") });
        string[] kinds = ["extract", "sql", "load", "check", "operation"];
        using var catalog = new WorkflowCatalog(options, new EveryMinute(), kinds.Select(k => new AnyKind(k)), NullLogger<WorkflowCatalog>.Instance);
        await catalog.RefreshAsync(CancellationToken.None);
        Assert.Equal(["card-transactions", "flights", "tmdb", "user-events", "weather"], catalog.Entries.Select(e => e.Name));
        Assert.Empty(catalog.Entries.SelectMany(e => e.Faults));
    }
}
