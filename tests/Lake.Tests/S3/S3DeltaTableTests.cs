using Pipeline.Testing;

namespace Pipeline.Lake.Tests.S3;

[Collection(GatewayCollection.Name)]
public sealed class S3DeltaTableTests(RadosGateway gateway) : DeltaTableSuite
{
    private readonly S3Lake _lake = new(gateway);

    private protected override string ConnectionString => _lake.ConnectionString;

    internal override IObjectStore OpenStore() => _lake.Open();

    [SkippableFact]
    public async Task Append_OneFile_TakesFourRequests()
    {
        var network = new FaultyNetwork();
        using var lake = Lakes.Open(_lake.Open(network));
        var table = lake.Table("t");
        await table.CreateIfNotExistsAsync(ByDay with { PartitionColumns = [] });
        await table.AppendAsync(Connection, "SELECT 0 AS id, DATE '2024-01-01' AS day");
        network.Requests.Clear();

        await table.AppendAsync(Connection, "SELECT 1 AS id, DATE '2024-01-01' AS day");

        Assert.Equal(
            ["GET 00000000000000000002.json", "PUT *.parquet", "GET 00000000000000000002.json", "PUT 00000000000000000002.json"], network.Requests.Select(Short));
    }

    private static string Short(string request) =>
        request.EndsWith(".parquet", StringComparison.Ordinal) ? $"{request[..3]} *.parquet" : $"{request[..3]} {request[(request.LastIndexOf('/') + 1)..]}";

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _lake.Dispose();
    }
}
