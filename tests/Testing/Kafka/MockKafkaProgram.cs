using System.Globalization;

namespace Pipeline.Testing.Kafka;

/// <summary>What <see cref="MockKafkaProcess"/> runs: prints where the brokers are, takes commands line by line, and ends with its standard input.</summary>
public static class MockKafkaProgram
{
    /// <summary>The first argument.</summary>
    public const string Verb = "mock-kafka";

    /// <summary>Runs it.</summary>
    /// <param name="arguments">The verb, the number of brokers, and topics as <c>NAME:PARTITIONS</c>.</param>
    public static int Main(string[] arguments)
    {
        if (arguments is not [Verb, var brokers, .. var topics])
        {
            System.Console.Error.WriteLine($"{Verb} BROKERS [TOPIC:PARTITIONS ...]");
            return 2;
        }

        using var cluster = MockKafka.Start(int.Parse(brokers, CultureInfo.InvariantCulture));
        foreach (var topic in topics)
        {
            var at = topic.LastIndexOf(':');
            cluster.CreateTopic(topic[..at], int.Parse(topic[(at + 1)..], CultureInfo.InvariantCulture));
        }

        System.Console.Out.WriteLine(cluster.Servers);
        while (System.Console.In.ReadLine() is { } line)
            System.Console.Out.WriteLine(Run(cluster, line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        return 0;
    }

    private static string Run(MockKafka cluster, string[] command)
    {
        switch (command)
        {
            case ["create", var name, var partitions]:
                cluster.CreateTopic(name, int.Parse(partitions, CultureInfo.InvariantCulture));
                return "ok";
            case ["down", var broker]:
                cluster.TakeDown(int.Parse(broker, CultureInfo.InvariantCulture));
                return "ok";
            case ["up", var broker]:
                cluster.BringUp(int.Parse(broker, CultureInfo.InvariantCulture));
                return "ok";
            case ["fail", var request, .. var errors]:
                cluster.FailNext(short.Parse(request, CultureInfo.InvariantCulture), [.. errors.Select(e => int.Parse(e, CultureInfo.InvariantCulture))]);
                return "ok";
            default:
                return "unknown command";
        }
    }
}
