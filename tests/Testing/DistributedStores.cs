using System.Globalization;
using Pipeline.Testing.Kafka;
using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// The stores of the distributed stack on this machine: a Kafka mock cluster of three brokers in a process of its own, and a RADOS gateway. PostgreSQL is the caller's.
/// </summary>
public sealed class DistributedStores : IAsyncDisposable
{
    /// <summary>The mock cluster keeps about 5 MB of a partition: enough of them hold what consumers have yet to read.</summary>
    private const int ManyPartitions = 32;

    private readonly MockKafkaProcess _kafka;
    private readonly RadosGateway _gateway;

    private DistributedStores(MockKafkaProcess kafka, RadosGateway gateway, int partitions)
    {
        _kafka = kafka;
        _gateway = gateway;
        Lake = gateway.NewLake();
        Environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__kafka"] = kafka.Servers,
            ["ConnectionStrings__lake"] = Lake,
            ["Ingestion__Partitions"] = partitions.ToString(CultureInfo.InvariantCulture),
            ["Purchases__CommitInterval"] = "00:00:00.500",

            // The mock cluster shares a group out anew only when a session, less a second, is over.
            ["EventLog__Kafka__SessionTimeout"] = "00:00:05",

            // The mock cluster does not list groups.
            ["EventLog__Kafka__Groups__0"] = "events@UserEvents",
            ["EventLog__Kafka__Groups__1"] = "purchases@PurchasedItem",
        };
    }

    /// <summary>Environment variables that lead a host to the stores, without the warehouse.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>The connection string of the lake.</summary>
    public string Lake { get; }

    /// <summary>Why there are none; null where they can be started.</summary>
    public static string? Missing => MockKafka.Missing ?? RadosGateway.Missing;

    /// <summary>Skips the test where there are none.</summary>
    public static void SkipUnlessThere() => Skip.If(Missing is not null, Missing);

    /// <summary>Starts them, empty.</summary>
    /// <param name="partitions">Of each of the two topics.</param>
    public static async Task<DistributedStores> StartAsync(int partitions = ManyPartitions)
    {
        var topics = new Dictionary<string, int> { ["UserEvents"] = partitions, ["PurchasedItem"] = partitions, ["UserEvents.dead"] = 1, ["PurchasedItem.dead"] = 1 };
        var kafka = await MockKafkaProcess.StartAsync(brokers: 3, topics);
        var gateway = new RadosGateway();
        try
        {
            await gateway.InitializeAsync();
            return new DistributedStores(kafka, gateway, partitions);
        }
        catch
        {
            await kafka.DisposeAsync();
            throw;
        }
    }

    /// <summary>The environment with a warehouse.</summary>
    public IReadOnlyDictionary<string, string> With(string warehouse) => new Dictionary<string, string>(Environment) { ["ConnectionStrings__warehouse"] = warehouse };

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _kafka.DisposeAsync();
        await _gateway.DisposeAsync();
    }
}
