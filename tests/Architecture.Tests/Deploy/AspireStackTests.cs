using System.Text.RegularExpressions;

namespace Pipeline.Architecture.Tests.Deploy;

/// <summary>The Aspire host is not part of this build; what it names is held against the program all the same.</summary>
public partial class AspireStackTests
{
    private static readonly string _source = Repository.Read("src", "AppHost", "AspireStack.cs");

    [Fact]
    public void Names_AsTheyAre_AreWhatTheProgramReads() => Assert.Empty(Faults(_source));

    [Theory]
    [InlineData("AddKafka(\"kafka\")", "AddKafka(\"log\")")]
    [InlineData("AddDatabase(\"mongo\"", "AddDatabase(\"events\"")]
    [InlineData("AddDatabase(\"warehouse\")", "AddDatabase(\"postgresdb\")")]
    [InlineData("AddConnectionString(\"lake\"", "AddConnectionString(\"bucket\"")]
    [InlineData("WithEnvironment(\"Access__Keys__0\"", "WithEnvironment(\"Access__Key\"")]
    [InlineData("\"Workflows__Folder\"", "\"Workflows__Directory\"")]
    [InlineData("WithHttpHealthCheck(\"/ready\")", "WithHttpHealthCheck(\"/health/ready\")")]
    [InlineData("\"--events-per-second\"", "\"--rate\"")]
    [InlineData("CreateBucket=true", "MakeBucket=true")]
    [InlineData("Projects.Workers>(\"workers\")", "Projects.Worker>(\"workers\")")]
    public void Names_ThatAreWrong_AreFound(string right, string wrong)
    {
        Assert.Contains(right, _source, StringComparison.Ordinal);
        Assert.NotEmpty(Faults(_source.Replace(right, wrong, StringComparison.Ordinal)));
    }

    [Fact]
    public void Versions_OfHostAndPackages_AreThoseOfOneRelease()
    {
        var project = Repository.Read("src", "AppHost", "AppHost.csproj");
        var sdk = SdkVersion().Matches(project).Select(m => m.Groups[1].Value).Distinct().ToArray();
        var packages = PackageVersion().Matches(Repository.Read("Directory.Packages.props")).Select(m => m.Groups[2].Value).ToArray();

        Assert.Single(sdk);
        Assert.Equal(5, packages.Length);
        Assert.All(packages, p => Assert.Equal(sdk[0], p.Split('-')[0]));
    }

    private static IEnumerable<string> Faults(string source)
    {
        var given = Resource().Matches(source).Select(m => m.Groups[1].Value).ToHashSet();
        foreach (var connection in Facts.Connections.Where(c => c != "warehouse-reader" && !given.Contains(c)))
            yield return $"nothing is named {connection}";
        foreach (var name in Setting().Matches(source).Select(m => m.Groups[1].Value))
        {
            if (Facts.FaultOf(name, null) is { } fault)
                yield return fault;
        }

        foreach (var path in ProjectCheck().Matches(source).Select(m => m.Groups[1].Value).Where(p => !Facts.WorkerRoutes.Contains(p) || !Facts.ApiRoutes.Contains(p)))
            yield return $"no program answers {path}";
        foreach (var project in Project().Matches(source).Select(m => m.Groups[1].Value).Where(p => !Repository.Has($"src/{p}/{p}.csproj")))
            yield return $"there is no project {project}";
        if (Facts.FaultOf(["generate", "--url", "http://api", .. Option().Matches(source).Select(m => m.Groups[1].Value).Where(o => o is not ("--url" or "--console-address")).SelectMany(o => new[] { o, "1" })]) is { } usage)
            yield return usage;
        foreach (var setting in LakeSetting().Match(source).Groups[1].Value.Split(';').Select(s => s.Split('=')[0]))
        {
            if (Facts.FaultOf($"Lake__S3__{setting}", null) is { } fault)
                yield return fault;
        }
    }

    [GeneratedRegex("Add(?:Kafka|Database|ConnectionString)\\(\"(\\w+)\"")]
    private static partial Regex Resource();

    [GeneratedRegex("\"(\\w+__\\w+)\"")]
    private static partial Regex Setting();

    [GeneratedRegex("WithHttpHealthCheck\\(\"([^\"]+)\"\\)")]
    private static partial Regex ProjectCheck();

    [GeneratedRegex(@"Projects\.(\w+)>")]
    private static partial Regex Project();

    [GeneratedRegex("\"(--[a-z-]+)\"")]
    private static partial Regex Option();

    [GeneratedRegex("\\$\"(Endpoint=[^\"]*\"s3\"[^\"]*)\"")]
    private static partial Regex LakeSetting();

    [GeneratedRegex("Aspire\\.AppHost\\.Sdk\" Version=\"([^\"]+)\"")]
    private static partial Regex SdkVersion();

    [GeneratedRegex("\"(Aspire\\.Hosting\\.\\w+)\" Version=\"([^\"]+)\"")]
    private static partial Regex PackageVersion();
}
