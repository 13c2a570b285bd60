using System.Text.RegularExpressions;

namespace Pipeline.Architecture.Tests.Deploy;

public partial class DockerfileTests
{
    private static readonly string _file = Repository.Read("deploy", "Dockerfile").Replace("\\\n", " ", StringComparison.Ordinal);
    private static readonly string _ignore = Repository.Read("deploy", "Dockerfile.dockerignore");

    [Fact]
    public void Dockerfile_AsItIs_IsWhatTheRepositoryHolds() => Assert.Empty(Faults(_file, _ignore));

    [Theory]
    [InlineData("dotnet publish src/Workers", "dotnet publish src/Worker")]
    [InlineData("--output /out/workers", "--output /out/worker")]
    [InlineData("\"Pipeline.Api.dll\"", "\"Api.dll\"")]
    [InlineData("COPY --from=engines", "COPY --from=engine")]
    [InlineData("ASPNETCORE_HTTP_PORTS=8080", "ASPNETCORE_HTTP_PORTS=80")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPPORTS")]
    [InlineData("engines/package-lock.json", "engines/npm-shrinkwrap.json")]
    [InlineData("PIPELINE_ENGINES=/engines", "PIPELINE_ENGINES=/engine")]
    [InlineData("USER $APP_UID", "")]
    [InlineData("-p:Stack=$STACK", "-p:Stak=$STACK")]
    public void Dockerfile_WithAFault_IsFound(string right, string wrong)
    {
        Assert.Contains(right, _file, StringComparison.Ordinal);
        Assert.NotEmpty(Faults(_file.Replace(right, wrong, StringComparison.Ordinal), _ignore));
    }

    [Theory]
    [InlineData("!src\n", "")]
    [InlineData("!Directory.Packages.props\n", "")]
    [InlineData("!notebooks\n", "")]
    [InlineData("!global.json", "!globals.json")]
    public void Ignored_WhatTheBuildNeeds_IsFound(string right, string wrong) =>
        Assert.NotEmpty(Faults(_file, _ignore.Replace(right, wrong, StringComparison.Ordinal)));

    private static IEnumerable<string> Faults(string file, string ignore)
    {
        var stages = Stage().Matches(file).Select(m => m.Groups[1].Value).ToHashSet();
        foreach (Match copied in CopyFrom().Matches(file))
        {
            if (!stages.Contains(copied.Groups[1].Value))
                yield return $"there is no stage {copied.Groups[1].Value}";
        }

        var kept = ignore.Split('\n').Where(l => l.StartsWith('!')).Select(l => l[1..].TrimEnd()).ToHashSet();
        foreach (var missing in kept.Where(k => !Repository.Has(k)))
            yield return $"{missing} is kept and not there";
        foreach (var needed in new[] { "src", "workflows", "notebooks", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "BannedSymbols.txt", "global.json" })
        {
            if (!kept.Contains(needed))
                yield return $"{needed} is not sent to the build";
        }

        foreach (var source in CopySources().Matches(file).SelectMany(m => m.Groups[1].Value.Split(' ')).Where(s => s != "." && !kept.Contains(s)))
            yield return $"{source} is copied and not sent to the build";

        foreach (Match publish in Publish().Matches(file))
        {
            var (project, output) = (publish.Groups[1].Value, publish.Groups[2].Value);
            if (!Repository.Has($"{project}/{Path.GetFileName(project)}.csproj"))
                yield return $"there is no project {project}";
            var stage = LastStage().Matches(file).FirstOrDefault(m => m.Groups[2].Value == output);
            if (stage is null)
                yield return $"{output} goes into no image";
            else if (stage.Groups[3].Value != $"Pipeline.{Path.GetFileName(project)}.dll")
                yield return $"{stage.Groups[3].Value} is not what {project} makes";
            if (!publish.Groups[3].Value.Contains("-p:Stack=$STACK", StringComparison.Ordinal))
                yield return $"{project} is not built for the stack that was asked for";
        }

        if (!file.Contains("COPY --from=engines /engines /engines\nENV PIPELINE_ENGINES=/engines\n", StringComparison.Ordinal))
            yield return "the engines are not where the build is told";
        if (!file.Contains("ENV ASPNETCORE_HTTP_PORTS=8080\nEXPOSE 8080\n", StringComparison.Ordinal))
            yield return "the port is not the one that is deployed";
        if (!file.Contains("\nUSER $APP_UID\n", StringComparison.Ordinal))
            yield return "runs as root";
    }

    [GeneratedRegex(@"^FROM \S+ AS (\S+)", RegexOptions.Multiline)]
    private static partial Regex Stage();

    [GeneratedRegex(@"COPY --from=(\S+)")]
    private static partial Regex CopyFrom();

    [GeneratedRegex(@"^COPY (?!--from)(.+) \S+$", RegexOptions.Multiline)]
    private static partial Regex CopySources();

    [GeneratedRegex(@"dotnet publish (\S+) .*?--output (\S+)([^&\n]*)")]
    private static partial Regex Publish();

    [GeneratedRegex(@"FROM runtime AS (\S+)\nCOPY --from=build (\S+) \.\nENTRYPOINT \[""dotnet"", ""(\S+)""\]")]
    private static partial Regex LastStage();
}
