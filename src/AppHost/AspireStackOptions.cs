using Microsoft.Extensions.Configuration;

namespace Pipeline.AppHost;

/// <summary>What of the distributed stack is a choice: command line (<c>--Api:Replicas 3</c>), environment or settings file.</summary>
internal sealed class AspireStackOptions
{
    private const int MostReplicas = 100;

    /// <summary>Processes of the API.</summary>
    public ProcessOptions Api { get; set; } = new();

    /// <summary>Processes of the workers; more than partitions of a topic have nothing to do.</summary>
    public ProcessOptions Workers { get; set; } = new();

    /// <summary>The generator, which runs with the host and is not published.</summary>
    public TrafficOptions Generator { get; set; } = new();

    /// <summary>What is published: <c>compose</c> or <c>kubernetes</c>. Both at once would each want all resources.</summary>
    public string Publish { get; set; } = "compose";

    /// <summary>Reads the options.</summary>
    /// <exception cref="InvalidOperationException">One cannot be; the message says which.</exception>
    public static AspireStackOptions Read(IConfiguration configuration)
    {
        var options = new AspireStackOptions();
        configuration.Bind(options);
        foreach (var (name, replicas) in new[] { (nameof(Api), options.Api.Replicas), (nameof(Workers), options.Workers.Replicas) })
        {
            if (replicas is < 1 or > MostReplicas)
                throw new InvalidOperationException($"{name}:{nameof(ProcessOptions.Replicas)} must be from 1 to {MostReplicas}; it is {replicas}.");
        }

        if (options.Publish is not ("compose" or "kubernetes"))
            throw new InvalidOperationException($"{nameof(Publish)} must be compose or kubernetes; it is {options.Publish}.");
        return options;
    }
}

/// <summary>How many processes of a kind there are.</summary>
internal sealed class ProcessOptions
{
    public int Replicas { get; set; } = 2;
}

/// <summary>The generator's rate.</summary>
internal sealed class TrafficOptions
{
    /// <summary>Events a second; 0 starts no generator.</summary>
    public double EventsPerSecond { get; set; } = 100;

    /// <summary>Orders a second.</summary>
    public double OrdersPerSecond { get; set; } = 8;
}
