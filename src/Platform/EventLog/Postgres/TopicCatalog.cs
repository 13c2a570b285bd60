using System.Collections.Concurrent;
using Npgsql;

namespace Pipeline.EventLog.Postgres;

/// <summary>The topics that this process has met. Partitions never change, so what is known stays true.</summary>
internal sealed class TopicCatalog(NpgsqlDataSource dataSource)
{
    private readonly ConcurrentDictionary<string, Topic> _topics = new(StringComparer.Ordinal);

    public ICollection<Topic> Known => _topics.Values;

    public Topic? Find(string name) => _topics.TryGetValue(name, out var topic) ? topic : null;

    /// <exception cref="TerminalException">There is no such topic.</exception>
    public async ValueTask<Topic> GetAsync(string name, CancellationToken cancellationToken)
    {
        if (Find(name) is { } known)
            return known;
        await using var command = dataSource.CreateCommand("SELECT topic_id, partitions FROM log.topics WHERE name = $1").With(name);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new TerminalException($"The topic {name} does not exist.");
        return _topics.GetOrAdd(name, new Topic(reader.GetInt32(0), name, reader.GetInt32(1)));
    }
}
