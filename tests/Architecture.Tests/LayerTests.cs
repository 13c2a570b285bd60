using Mono.Cecil;

namespace Pipeline.Architecture.Tests;

public sealed class LayerTests
{
    private static readonly string[] _modules =
        ["Pipeline.Ingestion", "Pipeline.Events", "Pipeline.Purchases", "Pipeline.Analytics", "Pipeline.Workflows", "Pipeline.Observability", "Pipeline.Query", "Pipeline.DeadLetters"];
    private static readonly string[] _platform = ["Pipeline.Core", "Pipeline.Postgres", "Pipeline.EventLog", "Pipeline.DuckDb", "Pipeline.Lake", "Pipeline.ServiceDefaults"];

    public static TheoryData<string> Modules => [.. _modules];

    public static TheoryData<string> Platform => [.. _platform];

    [Theory]
    [MemberData(nameof(Modules))]
    public void Module_Domain_KnowsNothingOfTheRest(string module) => Assert.Empty(Layers.DomainViolations(Read(module)));

    [Theory]
    [MemberData(nameof(Modules))]
    public void Module_Application_KnowsPortsOnly(string module) => Assert.Empty(Layers.ApplicationViolations(Read(module)));

    [Theory]
    [MemberData(nameof(Modules))]
    public void Module_Publishes_ContractsAndItsModuleClassOnly(string module) => Assert.Empty(Layers.VisibilityViolations(Read(module)));

    [Theory]
    [MemberData(nameof(Modules))]
    public void Module_UsesNeighbours_ThroughContractsOnly(string module) => Assert.Empty(Layers.NeighbourViolations(Read(module), _modules));

    [Theory]
    [MemberData(nameof(Modules))]
    public void Module_Handlers_AreInternalAndSealed(string module) => Assert.Empty(Layers.HandlerViolations(Read(module)));

    [Theory]
    [MemberData(nameof(Platform))]
    public void Platform_References_NoModule(string assembly) => Assert.Empty(Layers.PlatformViolations(Read(assembly), _modules));

    [Fact]
    public void Rules_BrokenOnPurpose_AreFound()
    {
        var broken = Read("Pipeline.Architecture.Tests");
        Assert.Contains(Layers.DomainViolations(broken), v => v.Contains("BrokenDomain", StringComparison.Ordinal) && v.EndsWith("uses Npgsql", StringComparison.Ordinal));
        Assert.Contains(Layers.DomainViolations(broken), v => v.Contains("BrokenDomain", StringComparison.Ordinal) && v.EndsWith("uses Pipeline.Architecture.Tests.Infrastructure", StringComparison.Ordinal));
        Assert.Contains(Layers.ApplicationViolations(broken), v => v.Contains("BrokenUseCase", StringComparison.Ordinal));
        Assert.Contains(Layers.VisibilityViolations(broken), v => v.Contains("BrokenUseCase", StringComparison.Ordinal));
        Assert.Contains(Layers.HandlerViolations(broken), v => v.Contains("BrokenUseCase", StringComparison.Ordinal));
        Assert.Contains(Layers.NeighbourViolations(broken, _modules), v => v.EndsWith("uses Pipeline.Ingestion", StringComparison.Ordinal));
        Assert.NotEmpty(Layers.PlatformViolations(broken, _modules));
    }

    private static ModuleDefinition Read(string assembly) => ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));
}
