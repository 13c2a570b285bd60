using System.CommandLine;
using Pipeline.Benchmarks;
using Pipeline.Benchmarks.Workflows;

var root = new RootCommand("Measures Pipeline as a whole, load generator included, each figure beside its limit in the same run. Use a Release build and a quiet machine.")
{
    PutBenchmark.Command(),
    PostBenchmark.Command(),
    LandingBenchmark.Command(),
    VisibilityBenchmark.Command(),
    StartBenchmark.Command(),
    MemoryBenchmark.Command(),
    KillBenchmark.Command(),
    ScaleBenchmark.Command(),
    WorkflowsBenchmark.Command(),
    TmdbBenchmark.Command(),
    ConsoleBenchmark.Command(),
    BareServer.Command(),
};
return await root.Parse(args).InvokeAsync();
