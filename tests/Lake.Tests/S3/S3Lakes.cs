using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Testing;

namespace Pipeline.Lake.Tests.S3;

/// <summary>The one S3 server of these tests.</summary>
[CollectionDefinition(Name)]
public sealed class GatewayCollection : ICollectionFixture<RadosGateway>
{
    public const string Name = "S3";
}

/// <summary>An empty lake on the server, and the views of it that a test opens.</summary>
internal sealed class S3Lake : IDisposable
{
    private readonly ConcurrentBag<S3ObjectStore> _stores = [];

    public S3Lake(RadosGateway gateway, params string[] settings)
    {
        RadosGateway.SkipUnlessThere();
        ConnectionString = gateway.NewLake(settings);
    }

    public string ConnectionString { get; }

    public S3Options Options => S3ConnectionString.Apply(ConnectionString, new S3Options()).Options;

    /// <summary>Opens it.</summary>
    /// <param name="network">Stands between the client and the server.</param>
    /// <param name="change">Changes options.</param>
    /// <param name="pageSize">Keys of a page of a listing.</param>
    public S3ObjectStore Open(FaultyNetwork? network = null, Action<S3Options>? change = null, int pageSize = 1_000)
    {
        var options = Options;
        change?.Invoke(options);
        var store = new S3ObjectStore(options, TimeProvider.System, NullLogger.Instance, network is null ? null : inner => network.Over(inner)) { PageSize = pageSize };
        _stores.Add(store);
        return store;
    }

    public void Dispose()
    {
        foreach (var store in _stores)
            store.Dispose();
    }
}
