using System.Text.RegularExpressions;

namespace Pipeline.Architecture.Tests.Deploy;

public partial class GitHubWorkflowTests
{
    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Repository.Full(".github", "workflows")).Select(f => Path.GetFileName(f))];

    [Theory]
    [MemberData(nameof(Files))]
    public void Workflow_AsItIs_NamesWhatIsThere(string file) => Assert.Empty(Faults(Repository.Read(".github", "workflows", file)));

    [Theory]
    [InlineData("test.yml", ".ci/run", ".ci/all")]
    [InlineData("test.yml", "dotnet test tests/Events.Mongo.Tests", "dotnet test tests/Events.MongoDb.Tests")]
    [InlineData("test.yml", "PIPELINE_TEST_MONGO", "PIPELINE_MONGO")]
    [InlineData("test.yml", "actions/checkout@v4", "actions/checkout")]
    [InlineData("test.yml", "--target workers", "--target worker")]
    [InlineData("test.yml", "permissions: { contents: read }\n", "")]
    [InlineData("test.yml", "timeout-minutes: 15", "timeout: 15")]
    [InlineData("deploy.yml", "needs: images", "needs: image")]
    [InlineData("deploy.yml", "file: deploy/Dockerfile", "file: Dockerfile")]
    [InlineData("deploy.yml", "\"${{ secrets.GITHUB_TOKEN }}\"", "ghp_0123456789")]
    [InlineData("deploy.yml", "\"ghcr.io/example/pipeline-api=", "\"ghcr.io/example/api=")]
    [InlineData("deploy.yml", "deployment/pipeline-workers", "deployment/workers")]
    [InlineData("deploy.yml", "-k deploy/kubernetes/overlays/production", "-k deploy/kubernetes/production")]
    [InlineData("deploy.yml", "matrix.target }}:", "matrix.image }}:")]
    public void Workflow_WithAFault_IsFound(string file, string right, string wrong)
    {
        var text = Repository.Read(".github", "workflows", file);
        Assert.Contains(right, text, StringComparison.Ordinal);
        Assert.NotEmpty(Faults(text.Replace(right, wrong, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Faults(string text)
    {
        var workflow = Yaml.Read(text);
        if (workflow.At("permissions") is null)
            yield return "permissions are not said";
        var jobs = workflow.Map("jobs");
        foreach (var (name, job) in jobs)
        {
            if (job.Text("needs") is { } needed && !jobs.ContainsKey(needed))
                yield return $"{name} needs {needed}, which is no job";
            if (job.Text("runs-on") is null || !int.TryParse(job.Text("timeout-minutes"), out _))
                yield return $"{name} has no machine or no time limit";
            foreach (var step in job.Items("steps"))
            {
                if (step.Text("uses") is { } action && !Action().IsMatch(action))
                    yield return $"{action} is not of a version";
                if (step.Text("uses") is null && step.Text("run") is null)
                    yield return $"a step of {name} does nothing";
                foreach (var path in PathName().Matches($"{step.Text("run")} {step.Text("with.file")} {step.Text("working-directory")}").Select(m => m.Value.TrimEnd('.')))
                {
                    if (path != "deploy/.env" && !Repository.Has(path))
                        yield return $"{name}: there is no {path}";
                }

                if (step.Text("with.file") is { } dockerfile && !Repository.Has(dockerfile))
                    yield return $"{name}: there is no {dockerfile}";
                if (step.Text("with.password") is { } password && !password.StartsWith("${{ secrets.", StringComparison.Ordinal))
                    yield return $"{name} holds a secret";
            }
        }

        foreach (var target in Target().Matches(text).Select(m => m.Groups[1].Value).Concat(jobs.Values.SelectMany(j => j.Texts("strategy.matrix.target"))))
        {
            if (!Repository.Read("deploy", "Dockerfile").Contains($" AS {target}\n", StringComparison.Ordinal))
                yield return $"the Dockerfile has no stage {target}";
        }

        foreach (var used in MatrixUse().Matches(text).Select(m => m.Groups[1].Value).Distinct().Where(u => !jobs.Values.Any(j => j.At($"strategy.matrix.{u}") is not null)))
            yield return $"there is no matrix of {used}";
        var production = Kustomization.Read(Repository.Full("deploy", "kubernetes", "overlays", "production"));
        var images = production.Images.Values.Select(i => i[..i.LastIndexOf(':')]).ToHashSet();
        foreach (var image in SetImage().Matches(text).Select(m => m.Groups[1].Value).Where(i => !images.Contains(i)))
            yield return $"{image} is no image of the kustomization";
        foreach (var name in Rollout().Matches(text).Select(m => m.Groups[1].Value))
        {
            if (!production.Objects.Any(o => o.Text("kind") == "Deployment" && o.Text("metadata.name") == name))
                yield return $"there is no deployment {name}";
        }

        foreach (var variable in TestVariable().Matches(text).Select(m => m.Value).Distinct())
        {
            if (!Directory.EnumerateFiles(Repository.Full("tests"), "*.cs", SearchOption.AllDirectories)
                .Where(f => !f.EndsWith("GitHubWorkflowTests.cs", StringComparison.Ordinal)).Any(f => File.ReadAllText(f).Contains($"\"{variable}\"", StringComparison.Ordinal)))
                yield return $"no test reads {variable}";
        }
    }

    [GeneratedRegex(@"^[\w.-]+/[\w./-]+@v\d+$")]
    private static partial Regex Action();

    [GeneratedRegex(@"(?<![\w./-])(?:deploy|src|tests|\.ci)/[\w./-]+")]
    private static partial Regex PathName();

    [GeneratedRegex(@"--target (\w+)")]
    private static partial Regex Target();

    [GeneratedRegex(@"matrix\.(\w+) \}\}")]
    private static partial Regex MatrixUse();

    [GeneratedRegex("\"(ghcr\\.io/\\S+?)=")]
    private static partial Regex SetImage();

    [GeneratedRegex(@"deployment/([\w-]+)")]
    private static partial Regex Rollout();

    [GeneratedRegex(@"PIPELINE_[A-Z_]+")]
    private static partial Regex TestVariable();
}
