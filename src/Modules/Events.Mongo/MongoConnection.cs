using MongoDB.Driver;

namespace Pipeline.Events.Mongo;

/// <summary>What <c>ConnectionStrings:mongo</c> says, with the defaults that the store relies on.</summary>
/// <param name="Settings">The client's settings.</param>
/// <param name="Database">The database.</param>
internal sealed record MongoConnection(MongoClientSettings Settings, string Database)
{
    private const string Name = $"ConnectionStrings:{EventsModule.MongoConnectionName}";

    private static readonly TimeSpan _serverSelectionTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _writeTimeout = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Reads the connection string. Writes are acknowledged by a majority and the journal unless it says otherwise (<c>w</c>, <c>journal</c>, <c>wtimeoutMS</c>).
    /// </summary>
    /// <exception cref="TerminalException">It is none, names no database, or asks for writes that nobody acknowledges.</exception>
    public static MongoConnection Parse(string text)
    {
        MongoUrl url;
        try
        {
            url = new MongoUrl(text);
        }
        catch (Exception e) when (e is MongoConfigurationException or FormatException or ArgumentException)
        {
            // The driver's message may repeat the text, and with it the password.
            throw new TerminalException($"{Name} is not a valid connection string: mongodb://USER:PASSWORD@HOST:PORT/DATABASE is one.");
        }

        if (string.IsNullOrEmpty(url.DatabaseName))
            throw new TerminalException($"{Name} names no database: put its name behind the servers, as in mongodb://HOST:PORT/DATABASE.");

        if (url.W is WriteConcern.WCount { Value: 0 })
            throw new TerminalException($"{Name} says w=0: without acknowledgements nothing is known to be stored; leave it out.");

        var settings = MongoClientSettings.FromUrl(url);
        settings.ApplicationName ??= "pipeline";
        if (!text.Contains("serverSelectionTimeoutMS", StringComparison.OrdinalIgnoreCase))
            settings.ServerSelectionTimeout = _serverSelectionTimeout;
        settings.WriteConcern = new WriteConcern(
            url.W ?? WriteConcern.WMajority.W, url.WTimeout ?? _writeTimeout, url.FSync ?? default(Optional<bool?>), url.Journal ?? true);
        return new MongoConnection(settings, url.DatabaseName);
    }
}
