using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Ingestion.Contracts;
using Pipeline.Purchases;

namespace Pipeline.Architecture.Tests.Deploy;

/// <summary>The rules of Kubernetes manifests, as a function from them to the sentences that say where they break them.</summary>
internal static partial class Manifests
{
    private static readonly string[] _open = ["/alive", "/ready"];
    private static readonly string[] _workloads = ["Deployment", "StatefulSet"];

    public static IEnumerable<string> Faults(Kustomization folder, string readme) =>
        [.. folder.Faults,
            .. folder.Objects.SelectMany(Shapes.Faults),
            .. folder.Settings.Select(s => Facts.FaultOf(s.Key, s.Value)).OfType<string>(),
            .. folder.Settings.Keys.Where(Facts.IsSecret).Select(s => $"setting {s} is a secret; refer to one"),
            .. folder.Objects.SelectMany(o => PodsOf(o).SelectMany(p => PodFaults(o, p, folder, readme).Select(f => $"{Name(o)}: {f}"))),
            .. folder.Objects.SelectMany(o => ReferenceFaults(o, folder).Select(f => $"{Name(o)}: {f}")),
            .. folder.Objects.GroupBy(o => (o.Text("kind"), o.Text("metadata.name"))).Where(g => g.Count() > 1).Select(g => $"{g.Key} is there twice")];

    private static string Name(object? thing) => $"{thing.Text("kind")} {thing.Text("metadata.name")}";

    private static IEnumerable<object?> PodsOf(object? thing) =>
        new[] { thing.At("spec.template.spec"), thing.At("spec.jobTemplate.spec.template.spec") }.Where(p => p is not null);

    private static IEnumerable<string> PodFaults(object? owner, object? pod, Kustomization folder, string readme)
    {
        if (owner.At("spec.selector.matchLabels") is { } selector && !Matches(selector.Map(), owner.Map("spec.template.metadata.labels")))
            yield return "the selector does not find its own pods";
        if (pod.Text("serviceAccountName") is { } account && !Exists(folder, "ServiceAccount", account))
            yield return $"there is no service account {account}";
        var volumes = pod.Items("volumes").Concat(owner.Items("spec.volumeClaimTemplates").Select(t => t.At("metadata"))).Select(v => v.Text("name")).ToHashSet();
        foreach (var claim in pod.Items("volumes").Select(v => v.Text("persistentVolumeClaim.claimName")).OfType<string>().Where(c => !Exists(folder, "PersistentVolumeClaim", c)))
            yield return $"there is no claim {claim}";
        foreach (var container in pod.Items("containers"))
        {
            foreach (var mount in container.Items("volumeMounts").Select(m => m.Text("name")).Where(m => !volumes.Contains(m)))
                yield return $"volume {mount} is not declared";
            foreach (var fault in SecretFaults(container, readme).Concat(ProbeFaults(container)))
                yield return fault;
            if (container.Text("image")!.Contains("pipeline-", StringComparison.Ordinal))
            {
                foreach (var fault in OwnFaults(owner, container, folder))
                    yield return fault;
            }
        }
    }

    private static IEnumerable<string> SecretFaults(object? container, string readme)
    {
        foreach (var variable in container.Items("env"))
        {
            var name = variable.Text("name")!;
            if (variable.At("value") is not null && Facts.IsSecret(name))
                yield return $"{name} holds a secret; refer to one";
            if (variable.At("valueFrom.secretKeyRef") is { } secret
                && !SecretsOf(readme).Contains($"{secret.Text("name")}/{secret.Text("key")}"))
                yield return $"the README does not say how to make {secret.Text("name")}/{secret.Text("key")}";
        }
    }

    private static IEnumerable<string> ProbeFaults(object? container)
    {
        var ports = container.Items("ports").Select(p => p.Text("name")).ToHashSet();
        foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
        {
            foreach (var port in new[] { container.Text($"{probe}.httpGet.port"), container.Text($"{probe}.tcpSocket.port") }.OfType<string>().Where(p => !ports.Contains(p)))
                yield return $"{probe} asks port {port}, which the container has not";
        }
    }

    /// <summary>What concerns our own programs.</summary>
    private static IEnumerable<string> OwnFaults(object? owner, object? container, Kustomization folder)
    {
        var image = container.Text("image")!;
        if (!folder.Images.ContainsKey(image) && !folder.Images.ContainsValue(image))
            yield return $"{image} is no image of the kustomization";
        foreach (var variable in container.Items("env"))
        {
            if (Facts.FaultOf(variable.Text("name")!, variable.Text("value")) is { } fault)
                yield return fault;
        }

        var host = owner.Text("kind") == "Deployment";
        if ((!host || container.At("args") is not null) && Facts.FaultOf(container.Texts("args")) is { } usage)
            yield return usage;
        foreach (Match url in ServiceUrl().Matches(string.Join(' ', container.Texts("args"))))
        {
            if (!folder.Objects.Any(o => o.Text("kind") == "Service" && o.Text("metadata.name") == url.Groups[1].Value && o.Items("spec.ports").Any(p => p.Text("port") == Port(url))))
                yield return $"there is no service at {url.Value}";
        }

        foreach (var fault in WorkflowFaults([.. container.Texts("args")]))
            yield return fault;
        if (!host)
            yield break;
        var listens = container.Items("env").FirstOrDefault(e => e.Text("name") == "ASPNETCORE_HTTP_PORTS").Text("value");
        if (!container.Items("ports").Any(p => p.Text("containerPort") == listens))
            yield return $"the program listens on {listens}, the container does not say so";
        foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
        {
            var path = container.Text($"{probe}.httpGet.path");
            if (path is null || !Facts.WorkerRoutes.Contains(path) || !_open.Contains(path))
                yield return $"{probe} asks {path}, which the program does not answer without a key";
        }

        foreach (var connection in new[] { "kafka", "mongo", "warehouse", "lake" }.Where(c => !container.Items("env").Any(e => e.Text("name") == $"ConnectionStrings__{c}")))
            yield return $"ConnectionStrings__{connection} is not given";
        if (!folder.Objects.Any(o => o.Text("kind") == "PodDisruptionBudget" && Matches(o.Map("spec.selector.matchLabels"), owner.Map("spec.template.metadata.labels"))))
            yield return "has no disruption budget";

        static string Port(Match url) => url.Groups[2].Success ? url.Groups[2].Value : "80";
    }

    private static IEnumerable<string> WorkflowFaults(string[] arguments)
    {
        if (arguments is not ["workflow", "run", var workflow, ..])
            yield break;
        if (!Repository.Has($"workflows/{workflow}/workflow.yaml"))
        {
            yield return $"there is no workflow {workflow}";
            yield break;
        }

        var parameters = Yaml.Read(Repository.Read("workflows", workflow, "workflow.yaml")).Map("params").Keys;
        foreach (var given in arguments.Zip(arguments.Skip(1)).Where(a => a.First == "--param").Select(a => a.Second.Split('=')[0]).Except(parameters))
            yield return $"{workflow} has no parameter {given}";
    }

    private static IEnumerable<string> ReferenceFaults(object? thing, Kustomization folder)
    {
        switch (thing.Text("kind"))
        {
            case "Service":
                var workloads = folder.Objects.Where(o => _workloads.Contains(o.Text("kind")) && Matches(thing.Map("spec.selector"), o.Map("spec.template.metadata.labels"))).ToList();
                if (workloads.Count == 0)
                    yield return "finds no pods";
                var ports = workloads.SelectMany(w => w.Items("spec.template.spec.containers")).SelectMany(c => c.Items("ports")).ToList();
                foreach (var port in thing.Items("spec.ports"))
                {
                    if (!ports.Any(p => p.Text("name") == port.Text("targetPort") || (port.At("targetPort") is null && p.Text("containerPort") == port.Text("port"))))
                        yield return $"leads to port {port.Text("targetPort") ?? port.Text("port")}, which no pod has";
                }

                break;
            case "PodDisruptionBudget":
                if (!folder.Objects.Any(o => _workloads.Contains(o.Text("kind")) && Matches(thing.Map("spec.selector.matchLabels"), o.Map("spec.template.metadata.labels"))))
                    yield return "finds no pods";
                break;
            case "HorizontalPodAutoscaler" or "ScaledObject":
                foreach (var fault in ScaleFaults(thing, folder))
                    yield return fault;
                break;
            case "StatefulSet":
                if (!Exists(folder, "Service", thing.Text("spec.serviceName")!))
                    yield return $"there is no service {thing.Text("spec.serviceName")}";
                break;
            case "Ingress":
                foreach (var service in thing.Items("spec.rules").SelectMany(r => r.Items("http.paths")).Select(p => p.Text("backend.service.name")!))
                {
                    if (!Exists(folder, "Service", service))
                        yield return $"there is no service {service}";
                }

                break;
        }
    }

    private static IEnumerable<string> ScaleFaults(object? scaler, Kustomization folder)
    {
        var name = scaler.Text("spec.scaleTargetRef.name")!;
        var target = folder.Objects.FirstOrDefault(o => o.Text("kind") == "Deployment" && o.Text("metadata.name") == name);
        if (target is null)
            yield return $"there is no deployment {name}";
        if (folder.Objects.Count(o => o.Text("spec.scaleTargetRef.name") == name) > 1)
            yield return $"{name} is scaled by two";
        var most = int.Parse(scaler.Text("spec.maxReplicas") ?? scaler.Text("spec.maxReplicaCount")!, CultureInfo.InvariantCulture);
        var partitions = int.Parse(folder.Settings.GetValueOrDefault("Ingestion__Partitions", "4"), CultureInfo.InvariantCulture);
        if (name == "pipeline-workers" && most > partitions)
            yield return $"{most} workers have {partitions} partitions";
        foreach (var trigger in scaler.Items("spec.triggers").Select(t => t.Map("metadata")))
        {
            if (!_consumers.Value.Contains(($"{trigger["topic"]}", $"{trigger["consumerGroup"]}")))
                yield return $"nobody reads {trigger["topic"]} as {trigger["consumerGroup"]}";
            if (!target.Items("spec.template.spec.containers").SelectMany(c => c.Items("env")).Any(e => e.Text("name") == (string?)trigger["bootstrapServersFromEnv"]))
                yield return $"{name} has no variable {trigger["bootstrapServersFromEnv"]}";
        }
    }

    /// <summary>Topics with the groups that read them.</summary>
    private static readonly Lazy<HashSet<(string, string)>> _consumers = new(() =>
    [
        (Topics.UserEvents, (string)typeof(Events.EventsModule).Assembly.GetType("Pipeline.Events.Application.UserEventsSink", true)!.GetField("Group")!.GetRawConstantValue()!),
        (Topics.PurchasedItem, new PurchasesOptions().Group),
    ]);

    private static HashSet<string> SecretsOf(string readme) =>
        [.. from Match made in SecretMade().Matches(readme.Replace("\\\n", " ", StringComparison.Ordinal))
            from Match key in Literal().Matches(made.Groups[2].Value)
            select $"{made.Groups[1].Value}/{key.Groups[1].Value}"];

    private static bool Exists(Kustomization folder, string kind, string name) => folder.Objects.Any(o => o.Text("kind") == kind && o.Text("metadata.name") == name);

    private static bool Matches(Dictionary<string, object?> selector, Dictionary<string, object?> labels) =>
        selector.Count > 0 && selector.All(s => labels.TryGetValue(s.Key, out var value) && Equals(value, s.Value));

    [GeneratedRegex(@"create secret generic (\S+)(.*)")]
    private static partial Regex SecretMade();

    [GeneratedRegex(@"--from-literal=([\w-]+)=")]
    private static partial Regex Literal();

    [GeneratedRegex(@"http://([\w-]+)(?::(\d+))?")]
    private static partial Regex ServiceUrl();
}
