using MongoDB.Bson;
using MongoDB.Driver;

namespace Pipeline.Events.Mongo.Tests;

/// <summary>A database of one test on the server that <c>PIPELINE_TEST_MONGO</c> names; dropped at the end.</summary>
internal sealed class MongoDatabase : IAsyncDisposable
{
    private const string Variable = "PIPELINE_TEST_MONGO";

    private MongoDatabase(string server, string name, MongoClient client)
    {
        ConnectionString = new MongoUrlBuilder(server) { DatabaseName = name }.ToString();
        Client = client;
        Database = client.GetDatabase(name);
    }

    public string ConnectionString { get; }

    public MongoClient Client { get; }

    public IMongoDatabase Database { get; }

    /// <summary>Skips the test where no server is named.</summary>
    public static MongoDatabase Create()
    {
        var server = Environment.GetEnvironmentVariable(Variable);
        Skip.If(string.IsNullOrEmpty(server), $"{Variable} names no MongoDB server, as mongodb://127.0.0.1:27017 does");
        return new MongoDatabase(server, $"pipeline_test_{Guid.NewGuid():N}", new MongoClient(server));
    }

    /// <summary>A store with connections of its own, as a process has it.</summary>
    public MongoUserEventStore Open(MongoOptions? options = null, Action<MongoClientSettings>? configure = null)
    {
        var connection = MongoConnection.Parse(ConnectionString);
        configure?.Invoke(connection.Settings);
        var events = new MongoEvents(new MongoClient(connection.Settings).GetDatabase(connection.Database));
        return new MongoUserEventStore(events, Microsoft.Extensions.Options.Options.Create(options ?? new MongoOptions()), TimeProvider.System);
    }

    public Task<long> CountAsync(string collection) => Database.GetCollection<BsonDocument>(collection).CountDocumentsAsync(FilterDefinition<BsonDocument>.Empty);

    public async Task ClearAsync()
    {
        foreach (var name in new[] { MongoEvents.EventsName, MongoEvents.CountsName, MongoEvents.PositionsName })
            await Database.GetCollection<BsonDocument>(name).DeleteManyAsync(FilterDefinition<BsonDocument>.Empty);
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DropDatabaseAsync(Database.DatabaseNamespace.DatabaseName);
        Client.Dispose();
    }
}
