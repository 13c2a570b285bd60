using System.Globalization;
using System.Text;
using Npgsql;
using Pipeline.EventLog;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Tests;

/// <summary>Makes events, as parsed batches and as records.</summary>
internal static class TestEvents
{
    public const string Attributes = """{"ProductId":"p","Price":1,"Discount":0}""";

    public static readonly DateTimeOffset Start = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>The batch of a partition's offsets from <paramref name="expected"/> on, one an event, a second apart.</summary>
    public static EventBatch Batch(int partition, long expected, params (string User, string Name)[] events)
    {
        var batch = new EventBatch(events.Length, 64);
        Add(batch, partition, expected, events);
        return batch;
    }

    public static void Add(EventBatch batch, int partition, long expected, params (string User, string Name)[] events)
    {
        for (var i = 0; i < events.Length; i++)
            Add(batch, partition, expected + i, events[i].User, events[i].Name, Start.AddSeconds(expected + i));
        batch.Cover(new PartitionRange(partition, expected, expected + events.Length));
    }

    public static void Add(
        EventBatch batch, int partition, long offset, string user, string name, DateTimeOffset time, string attributes = Attributes) =>
        batch.Add(partition, offset, (time - DateTimeOffset.UnixEpoch).Ticks / 10, Utf8(user), Utf8(name), Utf8($"session-{offset}"), Utf8(attributes));

    public static byte[] Payload(string user, string name, DateTimeOffset time) => Utf8(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"UserId":"{{{user}}}","SessionId":"s","EventName":"{{{name}}}","TimeStamp":"{{{time:O}}}","Attributes":{{{Attributes}}} }"""));

    public static NewRecord Record(string user, string name, DateTimeOffset time) => new(Utf8(user), Payload(user, name, time));

    /// <summary>The records as a log gives them.</summary>
    public static RecordBatch Records(int partition, long offset, params byte[][] payloads)
    {
        var buffer = new MemoryStream();
        foreach (var payload in payloads)
        {
            var record = new NewRecord(default, payload);
            var bytes = new byte[RecordCodec.GetSize(record)];
            RecordCodec.Write(bytes, record, 0);
            buffer.Write(bytes);
        }

        return new RecordBatch("UserEvents", partition, offset, payloads.Length, buffer.ToArray());
    }

    public static Task<T> ScalarAsync<T>(this NpgsqlDataSource database, string sql) =>
        RepeatAsync(database, sql, async command => (T)(await command.ExecuteScalarAsync())!);

    public static Task ExecuteAsync(this NpgsqlDataSource database, string sql) => RepeatAsync(database, sql, command => command.ExecuteNonQueryAsync());

    /// <summary>Ends every other connection to the database, as a server that fails does; returns how many there were.</summary>
    public static Task<long> KillConnectionsAsync(this NpgsqlDataSource database) => database.ScalarAsync<long>(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

    /// <summary>The pool may hold connections that <see cref="KillConnectionsAsync"/> ended: each is found out by its next use.</summary>
    private static async Task<T> RepeatAsync<T>(NpgsqlDataSource database, string sql, Func<NpgsqlCommand, Task<T>> run)
    {
        while (true)
        {
            try
            {
                await using var command = database.CreateCommand(sql);
                return await run(command);
            }
            catch (NpgsqlException e) when (e is not PostgresException { SqlState: not PostgresErrorCodes.AdminShutdown })
            {
                // The next connection may be another ended one, or a new one.
            }
        }
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
