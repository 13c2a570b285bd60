namespace Pipeline.Architecture.Tests.Deploy;

public class ComposeTests
{
    private static readonly string _file = Repository.Read("deploy", "compose.yaml");
    private static readonly string _example = Repository.Read("deploy", ".env.example");

    [Fact]
    public void File_AsItIs_IsWhatTheProgramReads() => Assert.Equal("", string.Join("\n", ComposeFile.Faults(_file, _example)));

    [Theory]
    [InlineData("kafka:9092\n", "kafka:9093\n")]
    [InlineData("@mongodb:27017", "@mongo:27017")]
    [InlineData("Host=postgres;Port=5432", "Host=postgres;Port=5433")]
    [InlineData("ConnectionStrings__mongo", "ConnectionStrings__mongodb")]
    [InlineData("Lake__S3__CacheFolder", "Lake__S3__CacheDirectory")]
    [InlineData("Ingestion__Partitions: \"8\"", "Ingestion__Partitions: eight")]
    [InlineData("Access__Keys__0: ${ACCESS_KEY:?set it in deploy/.env}", "Access__Keys__0: open-sesame-open-sesame")]
    [InlineData("Password=${POSTGRES_PASSWORD:?set it in deploy/.env}", "Password=postgres")]
    [InlineData("${MINIO_PASSWORD", "${MINIO_SECRET")]
    [InlineData("GET /ready ", "GET /readyz ")]
    [InlineData("127.0.0.1/8080 ", "127.0.0.1/5080 ")]
    [InlineData("--events-per-second", "--events")]
    [InlineData("http://api:8080", "http://api:5080")]
    [InlineData("target: workers", "target: worker")]
    [InlineData("minio: { condition: service_healthy }", "s3: { condition: service_healthy }")]
    [InlineData("[\"minio:/data\"]", "[\"s3:/data\"]")]
    [InlineData("POSTGRES_DB: warehouse", "POSTGRES_DB: pipeline")]
    public void File_WithAFault_IsFound(string right, string wrong)
    {
        Assert.Contains(right, _file, StringComparison.Ordinal);
        Assert.NotEmpty(ComposeFile.Faults(_file.Replace(right, wrong, StringComparison.Ordinal), _example));
    }

    [Fact]
    public void PostgresVariant_ChangesOnlyWhatIsThere()
    {
        var services = Yaml.Read(_file).Map("services");

        foreach (var (name, service) in Yaml.Read(Repository.Read("deploy", "compose.postgres.yaml")).Map("services"))
        {
            Assert.Contains(name, services.Keys);
            Assert.All(service.Map("environment"), e => Assert.Null(Facts.FaultOf(e.Key, e.Value as string)));
            Assert.Subset(services[name].Map("depends_on").Keys.ToHashSet(), service.Map("depends_on").Keys.ToHashSet());
            Assert.DoesNotContain("mongodb", service.Map("depends_on").Keys);
        }
    }
}
