using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>The parsed statements of a text, to be prepared one after the other; used inside one lease.</summary>
internal sealed class Script : IDisposable
{
    private readonly Session _session;
    private readonly List<(nint Parsed, ulong Index, SqlPart Part)> _statements = [];
    private readonly List<nint> _parsed = [];

    private Script(Session session) => _session = session;

    /// <summary>The number of statements. A PIVOT may count as several.</summary>
    internal int Count => _statements.Count;

    /// <summary>Parses a text.</summary>
    /// <exception cref="DuckException">The text is no SQL; nothing of it has run.</exception>
    internal static Script Parse(Session session, string sql, CancellationToken ct)
    {
        Session.CheckSql(sql);
        var script = new Script(session);
        try
        {
            script.Fill(sql, ct);
            return script;
        }
        catch
        {
            script.Dispose();
            throw;
        }
    }

    /// <summary>Prepares a statement; the ones before it must have run, since it may need what they made.</summary>
    internal StatementHandle Prepare(int index, out SqlPart part, CancellationToken ct)
    {
        (var parsed, var at, part) = _statements[index];
        _session.BeginCommand();
        var statement = new StatementHandle(_session.Handle);
        try
        {
            var state = NativeMethods.duckdb_prepare_extracted_statement(_session.Handle, parsed, at, out var value);
            statement.Set(value);
            return state == NativeMethods.Success ? statement : throw Session.PrepareError(statement, part, ct);
        }
        catch
        {
            statement.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var parsed in _parsed)
        {
            var value = parsed;
            NativeMethods.duckdb_destroy_extracted(ref value);
        }

        _parsed.Clear();
        _statements.Clear();
    }

    private void Fill(string sql, CancellationToken ct)
    {
        var whole = Extract(new SqlPart(sql), out var count, ct);
        var parts = count > 1 ? SqlPart.Split(sql) : [];
        if (count > 1)
        {
            // DuckDB mixes up places in all statements but the first of a text, so each is parsed again by itself. Should the cut have come out
            // otherwise than DuckDB's own, its statements stand.
            foreach (var part in parts)
            {
                var parsed = TryExtract(part, out var partCount);
                for (var i = 0UL; i < partCount; i++)
                    _statements.Add((parsed, i, part));
            }

            if ((ulong)_statements.Count == count)
                return;
            _statements.Clear();
        }

        for (var i = 0UL; i < count; i++)
            _statements.Add((whole, i, new SqlPart(sql)));
    }

    private unsafe nint Extract(SqlPart part, out ulong count, CancellationToken ct)
    {
        var parsed = TryExtract(part, out count);
        var error = NativeMethods.duckdb_extract_statements_error(parsed);
        return error is null ? parsed : throw ErrorFactory.Create("parse", Session.Text(error), part, cancellation: ct);
    }

    private nint TryExtract(SqlPart part, out ulong count)
    {
        count = NativeMethods.duckdb_extract_statements(_session.Handle, part.Text, out var parsed);
        _parsed.Add(parsed);
        return parsed;
    }
}
