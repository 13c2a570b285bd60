using System.Diagnostics;

namespace Pipeline.Architecture.Tests.Deploy;

public class KubernetesTests
{
    private const string Base = "base";
    private const string Trial = "overlays/trial";
    private const string Production = "overlays/production";

    private static readonly string _readme = Repository.Read("deploy", "README.md");

    public static TheoryData<string> Folders => [Base, Trial, Production];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Manifests_AsTheyAre_AreWhatTheProgramReads(string folder) => Assert.Equal("", string.Join("\n", Faults(folder)));

    [Theory]
    [InlineData(Base, "containerPort: 8080", "containerPort: 80")]
    [InlineData(Base, "port: http }, periodSeconds: 5", "port: web }, periodSeconds: 5")]
    [InlineData(Base, "path: /ready", "path: /healthz")]
    [InlineData(Base, "path: /ready", "path: /health")]
    [InlineData(Base, "ConnectionStrings__lake", "ConnectionStrings__Lake_")]
    [InlineData(Base, "Lake__S3__CacheBytes=8589934592", "Lake__S3__CacheBytes=8GB")]
    [InlineData(Base, "Ingestion__Partitions=12", "Ingestion__PartitionCount=12")]
    [InlineData(Base, "Ingestion__Partitions=12", "Ingestion__Partitions=6")]
    [InlineData(Base, "key: warehouse }", "key: postgres-url }")]
    [InlineData(Base, "{ name: Access__Keys__0, valueFrom: { secretKeyRef: { name: pipeline-access, key: key } } }", "{ name: Access__Keys__0, value: open-sesame-sesame }")]
    [InlineData(Base, "readinessProbe", "readynessProbe")]
    [InlineData(Base, "  - workers.yaml\n", "")]
    [InlineData(Base, "- autoscaling.yaml", "- autoscale.yaml")]
    [InlineData(Base, "args: [run]", "args: [work]")]
    [InlineData(Base, "kind: Deployment, name: pipeline-api", "kind: Deployment, name: api")]
    [InlineData(Base, "serviceAccountName: pipeline", "serviceAccountName: default-pipeline")]
    [InlineData(Base, "{ name: cache, mountPath: /cache }", "{ name: caches, mountPath: /cache }")]
    [InlineData(Base, "targetPort: http", "targetPort: web")]
    [InlineData(Base, "image: pipeline-api", "image: pipeline-web")]
    [InlineData(Base, "            limits: { memory: 1536Mi }\n", "")]
    [InlineData(Trial, "serviceName: kafka", "serviceName: broker")]
    [InlineData(Trial, "containerPort: 27017", "containerPort: 27018")]
    [InlineData(Production, "consumerGroup: events", "consumerGroup: event")]
    [InlineData(Production, "topic: PurchasedItem", "topic: PurchasedItems")]
    [InlineData(Production, "maxReplicaCount: 24", "maxReplicaCount: 48")]
    [InlineData(Production, "workflow, run, card-transactions", "workflow, run, cards")]
    [InlineData(Production, "workflow, run,", "workflows, run,")]
    [InlineData(Production, "output=/exports", "directory=/exports")]
    [InlineData(Production, "http://pipeline-api", "http://pipeline-api:8080")]
    [InlineData(Production, "--param", "--parameter")]
    [InlineData(Production, "$patch: delete", "spec: { maxReplicas: 3 }")]
    [InlineData(Production, "kind: HorizontalPodAutoscaler\n      metadata:\n        name: pipeline-workers", "kind: HorizontalPodAutoscaler\n      metadata:\n        name: workers")]
    public void Manifests_WithAFault_AreFound(string folder, string right, string wrong)
    {
        var found = false;
        var faults = Faults(folder, text =>
        {
            found |= text.Contains(right, StringComparison.Ordinal);
            return text.Replace(right, wrong, StringComparison.Ordinal);
        });

        Assert.True(found, $"{right} is not in the manifests");
        Assert.NotEmpty(faults);
    }

    [Fact]
    public void Trial_AddressesOfTheReadme_AreThoseOfItsServices()
    {
        var folder = Kustomization.Read(Repository.Full("deploy", "kubernetes", "overlays", "trial"));
        foreach (var (address, service, port) in new[] { ("kafka=kafka:9092", "kafka", "9092"), ("@mongodb:27017/", "mongodb", "27017"), ("Host=postgres;Port=5432", "postgres", "5432"), ("http://minio:9000", "minio", "9000") })
        {
            Assert.Contains(address, _readme, StringComparison.Ordinal);
            Assert.Contains(folder.Objects, o => o.Text("kind") == "Service" && o.Text("metadata.name") == service && o.Items("spec.ports").Any(p => p.Text("port") == port));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public async Task Folder_ByKubectl_Builds(string folder)
    {
        var kubectl = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(p => Path.Combine(p, "kubectl")).FirstOrDefault(File.Exists);
        Skip.If(kubectl is null, "kubectl is not on the PATH");
        using var process = Process.Start(new ProcessStartInfo(kubectl, ["kustomize", Repository.Full("deploy", "kubernetes", folder)])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.True(process.ExitCode == 0, await error);
        Assert.DoesNotContain("image: pipeline-", output, StringComparison.Ordinal);
    }

    private static List<string> Faults(string folder, Func<string, string>? change = null) =>
        [.. Manifests.Faults(Kustomization.Read(Repository.Full(["deploy", "kubernetes", .. folder.Split('/')]), change), _readme)];
}
