using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Pipeline.Architecture.Tests.Deploy;

public partial class TerraformTests
{
    private static readonly string _folder = Repository.Full("deploy", "terraform");

    private static string Text { get; } =
        string.Join('\n', Directory.EnumerateFiles(_folder, "*.tf").Order(StringComparer.Ordinal).Select(File.ReadAllText));

    [Fact]
    public void Files_AsTheyAre_HoldTogether() => Assert.Empty(Faults(Text, Repository.Read("deploy", "README.md")));

    [Theory]
    [InlineData("var.cluster_name", "var.cluster")]
    [InlineData("aws_s3_bucket.lake.arn,", "aws_s3_bucket.lakes.arn,")]
    [InlineData("data.aws_iam_policy_document.assume.json", "data.aws_iam_policy_document.assumed.json")]
    [InlineData("variable \"bucket\" {\n", "variable \"bucket\" {{\n")]
    [InlineData("  manage_master_user_password = true", "  password = \"sesame\"")]
    [InlineData("  default     = \"pipeline\"\n}\n\nvariable \"database_class\"", "  default     = \"default\"\n}\n\nvariable \"database_class\"")]
    [InlineData("variable \"region\"", "variable \"location\"")]
    [InlineData("  storage_encrypted         = true\n", "")]
    public void Files_WithAFault_AreFound(string right, string wrong)
    {
        Assert.Contains(right, Text, StringComparison.Ordinal);
        Assert.NotEmpty(Faults(Text.Replace(right, wrong, StringComparison.Ordinal), Repository.Read("deploy", "README.md")));
    }

    [SkippableFact]
    public async Task Files_ByTerraform_AreFormatted()
    {
        var terraform = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(p => Path.Combine(p, "terraform")).FirstOrDefault(File.Exists);
        Skip.If(terraform is null, "terraform is not on the PATH");
        using var process = Process.Start(new ProcessStartInfo(terraform, ["fmt", "-check", "-diff", _folder]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.True(process.ExitCode == 0, output + await error);
    }

    private static IEnumerable<string> Faults(string text, string readme)
    {
        var plain = Comment().Replace(text, "");
        if (plain.Count(c => c == '{') != plain.Count(c => c == '}') || plain.Count(c => c == '[') != plain.Count(c => c == ']'))
            yield return "brackets do not match";
        var variables = Variable().Matches(plain).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);
        var used = VariableUse().Matches(plain).Select(m => m.Groups[1].Value).ToHashSet();
        foreach (var name in used.Except(variables.Keys))
            yield return $"variable {name} is used and not declared";
        foreach (var name in variables.Keys.Except(used))
            yield return $"variable {name} is declared and not used";
        foreach (var (name, body) in variables.Where(v => !v.Value.Contains("description", StringComparison.Ordinal) || !v.Value.Contains("type ", StringComparison.Ordinal)))
            yield return $"variable {name} has no description or type: {body}";
        foreach (var name in ReadmeVariable().Matches(readme).Select(m => m.Groups[1].Value).Where(n => !variables.ContainsKey(n)))
            yield return $"the README sets {name}, which is no variable";

        var declared = Block().Matches(plain).Select(m => (m.Groups[1].Value == "data" ? "data." : "") + $"{m.Groups[2].Value}.{m.Groups[3].Value}").ToHashSet();
        foreach (var reference in Reference().Matches(plain).Select(m => m.Value).Distinct().Where(r => !declared.Contains(r)))
            yield return $"{reference} is not declared";
        foreach (Match secret in Secret().Matches(plain))
            yield return $"a secret stands in the file: {secret.Value}";
        if (!plain.Contains("storage_encrypted         = true", StringComparison.Ordinal) || !plain.Contains("block_public_acls       = true", StringComparison.Ordinal))
            yield return "what is stored is not encrypted, or public";
        foreach (var (variable, value) in new[] { ("namespace", "pipeline"), ("service_account", AccountOfTheManifests()) })
        {
            if (!variables.TryGetValue(variable, out var body) || !body.Contains($"default     = \"{value}\"", StringComparison.Ordinal))
                yield return $"variable {variable} is not {value}, as the manifests have it";
        }
    }

    private static string AccountOfTheManifests() => Yaml.Read(Repository.Read("deploy", "kubernetes", "base", "service-account.yaml")).Text("metadata.name")!;

    [GeneratedRegex(@"^\s*#.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^variable ""(\w+)"" \{+\n(.*?)^\}", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Variable();

    [GeneratedRegex(@"\bvar\.(\w+)")]
    private static partial Regex VariableUse();

    [GeneratedRegex(@"-var '?(\w+)=")]
    private static partial Regex ReadmeVariable();

    [GeneratedRegex(@"^(resource|data) ""(\w+)"" ""(\w+)""", RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\b(?:data\.)?aws_\w+\.\w+(?=[.\[])")]
    private static partial Regex Reference();

    [GeneratedRegex(@"^\s*(?:password|secret_key|access_key)\s*=\s*""[^""]*""", RegexOptions.Multiline)]
    private static partial Regex Secret();
}
