using System.Data;
using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;
using Pipeline.Ingestion.Application;

namespace Pipeline.Ingestion.Infrastructure.Postgres;

/// <summary>The connection of the key writer: many keys a statement. Statements, parameters and their lists are used again and again.</summary>
/// <remarks>Synchronous, as the writer has a thread of its own. All statements take their keys in one order, so that two processes never lock each other out.</remarks>
internal sealed class KeyCommand : IDisposable
{
    /// <summary>How long a key stays reserved for a process that was not heard of again; while it works on the key it renews the lease.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>A commit whose connection broke may still arrive: the next try waits it out.</summary>
    public static readonly TimeSpan AbandonedLease = TimeSpan.FromSeconds(2);

    private const int TimeoutSeconds = 10;

    private const string ReserveText = """
        insert into ingestion.idempotency_keys as k (key, body_hash, start_offsets, tries, locked_until, created_at)
        select u.key, u.body_hash, $3[u.first:u.last], 1, $7, $6
        from unnest($1, $2, $4, $5) as u (key, body_hash, first, last)
        on conflict (key) do update set
            body_hash = excluded.body_hash,
            start_offsets = case when k.created_at < $8 then excluded.start_offsets else k.start_offsets end,
            tries = k.tries + 1,
            created_at = case when k.created_at < $8 then excluded.created_at else k.created_at end,
            answer = null,
            locked_until = excluded.locked_until
        where k.created_at < $8 or (k.answer is null and k.locked_until < $6 and k.body_hash = excluded.body_hash)
        returning k.key, k.tries, case when k.created_at <> $6 then k.start_offsets end
        """;

    private const string FindText = "select key, body_hash, answer, locked_until < $2 from ingestion.idempotency_keys where key = any ($1)";

    // Nothing is lost with an answer that a crash of the server takes away, as it is recovered from the log: the commit need not wait for the disk.
    private const string AsynchronousText = "select set_config('synchronous_commit', 'off', true)";

    private const string CompleteText = """
        update ingestion.idempotency_keys as k
        set answer = nullif(u.answer, ''), locked_until = case when u.answer = '' then $4 else k.locked_until end
        from unnest($1, $2, $3) as u (key, tries, answer)
        where k.key = u.key and k.tries = u.tries and k.answer is null
        """;

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _reserve;
    private readonly NpgsqlCommand _find;
    private readonly NpgsqlBatch _complete;

    private readonly List<string> _keys = [];
    private readonly List<ReadOnlyMemory<byte>> _hashes = [];
    private readonly List<long> _offsets = [];
    private readonly List<int> _firsts = [];
    private readonly List<int> _lasts = [];
    private readonly List<int> _tries = [];
    private readonly List<ReadOnlyMemory<byte>> _answers = [];
    private readonly NpgsqlParameter<DateTimeOffset> _now = Time();
    private readonly NpgsqlParameter<DateTimeOffset> _lockedUntil = Time();
    private readonly NpgsqlParameter<DateTimeOffset> _forgotten = Time();
    private readonly NpgsqlParameter<DateTimeOffset> _findNow = Time();
    private readonly NpgsqlParameter<DateTimeOffset> _abandonedUntil = Time();

    private KeyCommand(NpgsqlConnection connection)
    {
        _connection = connection;
        _reserve = new NpgsqlCommand(ReserveText, connection)
        {
            CommandTimeout = TimeoutSeconds,
            Parameters =
            {
                Array(_keys, NpgsqlDbType.Text), Array(_hashes, NpgsqlDbType.Bytea), Array(_offsets, NpgsqlDbType.Bigint), Array(_firsts, NpgsqlDbType.Integer),
                Array(_lasts, NpgsqlDbType.Integer), _now, _lockedUntil, _forgotten,
            },
        };
        _find = new NpgsqlCommand(FindText, connection) { CommandTimeout = TimeoutSeconds, Parameters = { Array(_keys, NpgsqlDbType.Text), _findNow } };
        _complete = new NpgsqlBatch(connection)
        {
            Timeout = TimeoutSeconds,
            BatchCommands =
            {
                new NpgsqlBatchCommand(AsynchronousText),
                new NpgsqlBatchCommand(CompleteText)
                {
                    Parameters = { Array(_keys, NpgsqlDbType.Text), Array(_tries, NpgsqlDbType.Integer), Array(_answers, NpgsqlDbType.Bytea), _abandonedUntil },
                },
            },
        };
    }

    /// <summary>False once the connection is lost; the driver also gives it up itself after errors such as a full disk.</summary>
    public bool IsOpen => _connection.State == ConnectionState.Open;

    public static KeyCommand Open(NpgsqlDataSource dataSource)
    {
        var connection = dataSource.OpenConnection();
        try
        {
            // The table grows faster than its statistics: a plan that looked good on the empty table would read all of it for each batch.
            using var settings = new NpgsqlCommand("set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off", connection);
            settings.ExecuteNonQuery();
            var command = new KeyCommand(connection);
            command._reserve.Prepare();
            command._find.Prepare();
            command._complete.Prepare();
            return command;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Reserves keys in one transaction and sets the outcome of each reservation that is settled with it.</summary>
    /// <param name="batch">Sorted by key; of those with one key the first comes first.</param>
    /// <param name="now">The time.</param>
    /// <param name="window">How long a key is remembered.</param>
    public void Reserve(List<PendingReservation> batch, DateTimeOffset now, TimeSpan window)
    {
        _now.TypedValue = now;
        _lockedUntil.TypedValue = now + Lease;
        _forgotten.TypedValue = now - window;
        try
        {
            foreach (var reservation in batch)
            {
                reservation.Outcome = null;
                if (_keys.Count == 0 || reservation.Key != _keys[^1])
                    Add(reservation);
            }

            ReadReserved(batch);
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>Looks up keys that could not be reserved. One without outcome met a change in between and is to be tried again.</summary>
    /// <param name="batch">Sorted by key.</param>
    /// <param name="now">The time.</param>
    public void Find(List<PendingReservation> batch, DateTimeOffset now)
    {
        _findNow.TypedValue = now;
        try
        {
            foreach (var reservation in batch)
            {
                if (_keys.Count == 0 || reservation.Key != _keys[^1])
                    _keys.Add(reservation.Key);
            }

            ReadFound(batch);
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>Stores answers, and shortens the lease of keys that are given up, in one transaction.</summary>
    /// <param name="batch">Sorted by key.</param>
    /// <param name="now">The time.</param>
    public void Complete(List<PendingCompletion> batch, DateTimeOffset now)
    {
        _abandonedUntil.TypedValue = now + AbandonedLease;
        try
        {
            foreach (var completion in batch)
            {
                _keys.Add(completion.Key);
                _tries.Add(completion.Tries);
                _answers.Add(completion.Answer);
            }

            _complete.ExecuteNonQuery();
        }
        finally
        {
            Clear();
        }
    }

    public void Dispose()
    {
        _reserve.Dispose();
        _find.Dispose();
        _complete.Dispose();
        _connection.Dispose();
    }

    private void Add(PendingReservation reservation)
    {
        // Offsets of a topic serve many requests in turn: mostly all of a batch share one array.
        var known = _firsts.Count > 0 ? _firsts[^1] - 1 : 0;
        var offsets = reservation.StartOffsets;
        if (_firsts.Count == 0 || !CollectionsMarshal.AsSpan(_offsets)[known..].SequenceEqual(offsets))
        {
            known = _offsets.Count;
            _offsets.AddRange(offsets);
        }

        _keys.Add(reservation.Key);
        _hashes.Add(reservation.BodyHash);
        _firsts.Add(known + 1);
        _lasts.Add(known + offsets.Length);
    }

    private void ReadReserved(List<PendingReservation> batch)
    {
        var at = 0;
        using var reader = _reserve.ExecuteReader();
        while (reader.Read())
        {
            // The rows come in the order of the batch.
            var key = reader.GetString(0);
            while (batch[at].Key != key)
                at++;
            var first = batch[at];
            var tries = reader.GetInt32(1);

            // Offsets come with a key that was reserved before; one that is new, or new again, has none to look from.
            if (reader.IsDBNull(2))
                first.Outcome = tries == 1 ? Reservation.First : Reservation.First with { Tries = tries };
            else
                first.Outcome = new Reservation(ReservationState.Recover, StartOffsets: reader.GetFieldValue<long[]>(2), Tries: tries);
            while (++at < batch.Count && batch[at].Key == key)
                batch[at].Outcome = HasBody(batch[at], first.BodyHash.Span) ? Reservation.InProgress : Reservation.Conflict;
        }

        ReadToEnd(reader);
    }

    private void ReadFound(List<PendingReservation> batch)
    {
        var rows = new Dictionary<string, (byte[] BodyHash, byte[]? Answer, bool IsOver)>(_keys.Count, StringComparer.Ordinal);
        using (var reader = _find.ExecuteReader())
        {
            while (reader.Read())
                rows.Add(reader.GetString(0), (reader.GetFieldValue<byte[]>(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2), reader.GetBoolean(3)));
            ReadToEnd(reader);
        }

        foreach (var reservation in batch)
        {
            if (!rows.TryGetValue(reservation.Key, out var row))
                continue;
            if (!HasBody(reservation, row.BodyHash))
                reservation.Outcome = Reservation.Conflict;
            else if (row.Answer is not null)
                reservation.Outcome = new Reservation(ReservationState.Completed, row.Answer);
            else if (!row.IsOver)
                reservation.Outcome = Reservation.InProgress;
        }
    }

    /// <summary>An error of the commit is reported when all is read.</summary>
    private static void ReadToEnd(NpgsqlDataReader reader)
    {
        while (reader.NextResult())
        {
        }
    }

    private void Clear()
    {
        _keys.Clear();
        _hashes.Clear();
        _offsets.Clear();
        _firsts.Clear();
        _lasts.Clear();
        _tries.Clear();
        _answers.Clear();
    }

    private static bool HasBody(PendingReservation reservation, ReadOnlySpan<byte> bodyHash) => reservation.BodyHash.Span.SequenceEqual(bodyHash);

    private static NpgsqlParameter<List<T>> Array<T>(List<T> list, NpgsqlDbType type) => new() { TypedValue = list, NpgsqlDbType = NpgsqlDbType.Array | type };

    private static NpgsqlParameter<DateTimeOffset> Time() => new() { NpgsqlDbType = NpgsqlDbType.TimestampTz };
}
