using System.Globalization;

namespace Pipeline.AppHost;

/// <summary>
/// The distributed stack: Kafka, MongoDB, PostgreSQL and MinIO in containers, Api and Workers as processes, each several times. The modules find what they use by the names of the
/// connection strings: <c>kafka</c>, <c>mongo</c>, <c>warehouse</c>, <c>lake</c>.
/// </summary>
internal static class AspireStack
{
    private const int ApiPort = 5080;

    /// <summary>The last ones that were published for anybody to pull.</summary>
    private const string MinioTag = "RELEASE.2025-09-07T16-13-09Z";

    public static async Task RunAsync(string[] args)
    {
        PrepareEnvironment();
        var builder = DistributedApplication.CreateBuilder(args);
        Compose(builder, AspireStackOptions.Read(builder.Configuration));
        await using var app = builder.Build();
        await app.RunAsync();
    }

    /// <summary>What a launch profile would say. There is none, as it would speak to the embedded stack too.</summary>
    private static void PrepareEnvironment()
    {
        // The projects that this host builds for images are built as it was.
        Environment.SetEnvironmentVariable("Stack", "aspire");
        Default("ASPNETCORE_URLS", "http://localhost:15080");
        Default("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "http://localhost:15081");
        Default("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "http://localhost:15082");
        Default("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true");

        static void Default(string name, string value)
        {
            if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)))
                Environment.SetEnvironmentVariable(name, value);
        }
    }

    private static void Compose(IDistributedApplicationBuilder builder, AspireStackOptions options)
    {
        if (builder.ExecutionContext.IsPublishMode)
        {
            if (options.Publish == "kubernetes")
                builder.AddKubernetesEnvironment("kubernetes");
            else
                builder.AddDockerComposeEnvironment("compose");
        }

        var stores = AddStores(builder);
        var key = builder.AddParameter("access-key", Secret(), secret: true, persist: true);
        var api = builder.AddProject<Projects.Api>("api")
            .WithHttpEndpoint(port: ApiPort, name: "http")
            .WithExternalHttpEndpoints()
            .WithReplicas(options.Api.Replicas);
        var workers = builder.AddProject<Projects.Workers>("workers")
            .WithHttpEndpoint(name: "http")
            .WithReplicas(options.Workers.Replicas);
        foreach (var host in new[] { api, workers })
            Configure(builder, host, stores, key);

        if (builder.ExecutionContext.IsRunMode && options.Generator.EventsPerSecond > 0)
        {
            builder.AddProject<Projects.Workers>("generator")
                .WithArgs(
                    "generate", "--url", api.GetEndpoint("http"),
                    "--events-per-second", options.Generator.EventsPerSecond.ToString(CultureInfo.InvariantCulture),
                    "--orders-per-second", options.Generator.OrdersPerSecond.ToString(CultureInfo.InvariantCulture))
                .WithEnvironment("Access__Keys__0", key)
                .WaitFor(api);
        }
    }

    private static Stores AddStores(IDistributedApplicationBuilder builder)
    {
        var kafka = builder.AddKafka("kafka").WithDataVolume("pipeline-kafka").WithKafkaUI();

        var mongo = builder.AddMongoDB("mongodb", password: Password(builder, "mongodb-password")).WithDataVolume("pipeline-mongodb")
            .AddDatabase("mongo", "pipeline");

        var warehouse = builder.AddPostgres("postgres", password: Password(builder, "postgres-password")).WithDataVolume("pipeline-postgres").WithPgAdmin()
            .AddDatabase("warehouse");

        var minioUser = builder.AddParameter("minio-user", "pipeline", publishValueAsDefault: true);
        var minioPassword = Password(builder, "minio-password");
        var minio = builder.AddContainer("minio", "minio/minio", MinioTag)
            .WithArgs("server", "/data", "--console-address", ":9001")
            .WithEnvironment("MINIO_ROOT_USER", minioUser)
            .WithEnvironment("MINIO_ROOT_PASSWORD", minioPassword)
            .WithHttpEndpoint(targetPort: 9000, name: "s3")
            .WithHttpEndpoint(targetPort: 9001, name: "console")
            .WithVolume("pipeline-minio", "/data")
            .WithHttpHealthCheck("/minio/health/ready", endpointName: "s3");

        // The first to write makes the bucket.
        var lake = builder.AddConnectionString("lake", ReferenceExpression.Create(
            $"Endpoint={minio.GetEndpoint("s3")};AccessKey={minioUser};SecretKey={minioPassword};Bucket=lake;CreateBucket=true"));
        return new Stores(kafka, mongo, warehouse, minio, lake);
    }

    private static void Configure(
        IDistributedApplicationBuilder builder, IResourceBuilder<ProjectResource> host, Stores stores, IResourceBuilder<ParameterResource> key)
    {
        host.WithReference(stores.Kafka)
            .WithReference(stores.Mongo)
            .WithReference(stores.Warehouse)
            .WithReference(stores.Lake)
            .WaitFor(stores.Kafka)
            .WaitFor(stores.Mongo)
            .WaitFor(stores.Warehouse)
            .WaitFor(stores.Minio)
            .WithEnvironment("Access__Keys__0", key)
            .WithHttpHealthCheck("/ready");

        // A project runs in its own folder; an image holds both beside the program.
        if (builder.ExecutionContext.IsRunMode)
        {
            var root = Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "..", ".."));
            host.WithEnvironment("Workflows__Folder", Path.Combine(root, "workflows")).WithEnvironment("Query__Notebooks", Path.Combine(root, "notebooks"));
        }
    }

    private static IResourceBuilder<ParameterResource> Password(IDistributedApplicationBuilder builder, string name) =>
        builder.AddParameter(name, Secret(), secret: true, persist: true);

    /// <summary>Letters and digits only: what is published puts passwords into addresses as they are.</summary>
    private static GenerateParameterDefault Secret() => new() { MinLength = 32, Special = false };

    private sealed record Stores(
        IResourceBuilder<KafkaServerResource> Kafka,
        IResourceBuilder<MongoDBDatabaseResource> Mongo,
        IResourceBuilder<PostgresDatabaseResource> Warehouse,
        IResourceBuilder<ContainerResource> Minio,
        IResourceBuilder<ConnectionStringResource> Lake);
}
