namespace Pipeline.Workers.Tests;

/// <summary>Files that tests read.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string SampleCsv { get; } = Path.Combine(Root, "src", "Workers", "Samples", "online-retail-sample.csv");

    /// <summary>The real file, which is not part of the repository: <c>../shared</c> beside it or the folder in PIPELINE_SHARED; null without.</summary>
    public static string? RealCsv { get; } = FindReal();

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Pipeline.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Pipeline.sln is in no folder above the tests.");
        return folder;
    }

    private static string? FindReal()
    {
        var folders = new[] { Environment.GetEnvironmentVariable("PIPELINE_SHARED"), Path.Combine(Root, "..", "shared") };
        return folders
            .Where(f => !string.IsNullOrEmpty(f))
            .Select(f => Path.GetFullPath(Path.Combine(f!, "data", "online-retail.csv")))
            .FirstOrDefault(File.Exists);
    }
}
