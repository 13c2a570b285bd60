using System.Text.RegularExpressions;

namespace Pipeline.Architecture.Tests.Deploy;

/// <summary>The rules of a compose file, as a function from its text to the sentences that say where it breaks them.</summary>
internal static partial class ComposeFile
{
    /// <summary>Where images listen.</summary>
    private static readonly Dictionary<string, int> _ports = new()
    {
        ["apache/kafka"] = 9092, ["mongo"] = 27017, ["postgres"] = 5432, ["minio/minio"] = 9000, ["pipeline-api"] = 8080, ["pipeline-workers"] = 8080,
    };

    private static readonly string[] _serviceKeys =
        ["build", "image", "command", "environment", "depends_on", "healthcheck", "ports", "volumes", "deploy", "profiles", "restart"];

    public static IEnumerable<string> Faults(string text, string example)
    {
        var file = Yaml.Read(text);
        var services = file.Map("services");
        foreach (var (name, service) in services)
        {
            foreach (var fault in ServiceFaults(name, service, services, file.Map("volumes").Keys))
                yield return $"{name}: {fault}";
        }

        // $$ is a dollar for a shell.
        var used = Variable().Matches(text.Replace("$$", "", StringComparison.Ordinal)).Select(m => m.Groups[1].Value).ToHashSet();
        var told = ExampleLine().Matches(example).Select(m => m.Groups[1].Value).ToHashSet();
        foreach (var name in used.Except(told))
            yield return $".env.example does not tell of {name}";
        foreach (var name in told.Except(used))
            yield return $".env.example tells of {name}, which nothing uses";
        if (services.GetValueOrDefault("postgres").Text("environment.POSTGRES_DB") is { } database && !text.Contains($"Database={database}\n", StringComparison.Ordinal))
            yield return $"nothing connects to database {database}";
    }

    private static IEnumerable<string> ServiceFaults(string name, object? service, Dictionary<string, object?> services, IEnumerable<string> volumes)
    {
        foreach (var key in service.Map().Keys.Except(_serviceKeys))
            yield return $"{key} is no key of a service, or a new one";
        var own = service.Text("image") is { } image && image.StartsWith("pipeline-", StringComparison.Ordinal);
        foreach (var (variable, value) in service.Map("environment").Select(e => (e.Key, e.Value as string)))
        {
            if (own && Facts.FaultOf(variable, value) is { } fault)
                yield return fault;
            if (Facts.IsSecret(variable) && value is { Length: > 0 } && HoldsSecret(variable, value))
                yield return $"{variable} holds a secret; refer to one";
            if (!own || value is null)
                continue;
            foreach (var wrong in AddressFaults(value, services))
                yield return $"{variable} {wrong}";
        }

        foreach (var wrong in service.Texts("command").SelectMany(c => AddressFaults(c, services)))
            yield return wrong;
        if (own && service.At("command") is not null && service.Text("image") == "pipeline-workers" && Facts.FaultOf(service.Texts("command")) is { } usage)
            yield return usage;
        foreach (var (needed, condition) in service.Map("depends_on"))
        {
            if (!services.TryGetValue(needed, out var other))
                yield return $"depends on {needed}, which is not there";
            else if (condition.Text("condition") == "service_healthy" && other.At("healthcheck") is null)
                yield return $"waits for {needed} to be healthy, which has no check";
        }

        foreach (var volume in service.Texts("volumes").Select(v => v.Split(':')[0]).Except(volumes))
            yield return $"volume {volume} is not declared";
        if (own && service.At("healthcheck") is not null && string.Join(' ', service.Texts("healthcheck.test")) is var test && !IsReadyCheck(test))
            yield return $"the health check asks for no route of the program at its port: {test}";
        if (service.Text("build.dockerfile") is { } dockerfile && !Repository.Has(dockerfile))
            yield return $"there is no {dockerfile}";
        if (service.Text("build.target") is { } target && !Repository.Read("deploy", "Dockerfile").Contains($" AS {target}\n", StringComparison.Ordinal))
            yield return $"the Dockerfile has no stage {target}";
    }

    private static bool IsReadyCheck(string test) =>
        CheckedPath().Match(test) is { Success: true } path && Facts.WorkerRoutes.Contains(path.Groups[1].Value)
        && test.Contains("/dev/tcp/127.0.0.1/8080 ", StringComparison.Ordinal);

    /// <summary>A name is told where a value is made of it; a password never.</summary>
    private static bool HoldsSecret(string variable, string value)
    {
        if (!variable.StartsWith("ConnectionStrings__", StringComparison.Ordinal))
            return !Facts.IsReference(value) && !variable.EndsWith("AccessKey", StringComparison.Ordinal);
        return Password().Match(value) is { Success: true } password && !Facts.IsReference(password.Groups[1].Value);
    }

    private static IEnumerable<string> AddressFaults(string value, Dictionary<string, object?> services)
    {
        // What stands for a secret is no address.
        var plain = HostAndPort().Replace(VariableUse().Replace(value, "x"), "/$1:$2");
        foreach (Match address in Address().Matches(plain))
        {
            var (host, port) = (address.Groups[1].Value, int.Parse(address.Groups[2].Value, null));
            if (!services.TryGetValue(host, out var service))
                yield return $"names {host}, which is no service";
            else if (_ports.GetValueOrDefault(service.Text("image")?.Split(':')[0] ?? "") is var listens && listens != port)
                yield return $"names port {port} of {host}, which listens on {listens}";
        }
    }

    [GeneratedRegex(@"\$\{([A-Z_]+)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\$\{[^}]*\}")]
    private static partial Regex VariableUse();

    [GeneratedRegex("^([A-Z_]+)=", RegexOptions.Multiline)]
    private static partial Regex ExampleLine();

    [GeneratedRegex(@"(?:Password=|://\w+:)([^;@]+)[;@]")]
    private static partial Regex Password();

    [GeneratedRegex(@"(?:^|[/@])([a-z][a-z0-9-]*):(\d+)")]
    private static partial Regex Address();

    [GeneratedRegex(@"Host=([\w-]+);Port=(\d+)")]
    private static partial Regex HostAndPort();

    [GeneratedRegex("GET (/[a-z]+) HTTP")]
    private static partial Regex CheckedPath();
}
