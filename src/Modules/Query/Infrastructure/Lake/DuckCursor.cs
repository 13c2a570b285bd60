using Pipeline.DuckDb;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Lake;

/// <summary>The rows of a statement of DuckDB. Reads on a thread of the pool, since the engine computes on the reader's thread.</summary>
internal sealed class DuckCursor : ISqlCursor
{
    private readonly DatabaseLease _lease;
    private readonly DuckResult _result;
    private readonly Func<Exception, Exception> _translate;
    private DuckChunk? _chunk;
    private int _row;
    private bool _ended;

    public DuckCursor(DatabaseLease lease, DuckResult result, Func<Exception, Exception> translate)
    {
        _lease = lease;
        _result = result;
        _translate = translate;
        Columns = [.. result.Columns.Select(c => new SqlColumn(c.Name, c.Type.ToString(), KindOf(c.Type)))];
    }

    public IReadOnlyList<SqlColumn> Columns { get; }

    public async Task<IReadOnlyList<string?[]>> ReadAsync(int maxRows, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => Read(maxRows), cancellationToken);
        }
        catch (Exception e) when (DuckError.Of(e) is not null)
        {
            throw _translate(e);
        }
    }

    public async ValueTask DisposeAsync() => await Task.Run(() =>
    {
        _result.Dispose();
        _lease.Dispose();
    });

    internal static SqlColumnKind KindOf(DuckType type) => type.Id switch
    {
        DuckTypeId.Boolean => SqlColumnKind.Boolean,
        DuckTypeId.TinyInt or DuckTypeId.SmallInt or DuckTypeId.Integer or DuckTypeId.BigInt or DuckTypeId.HugeInt => SqlColumnKind.Number,
        DuckTypeId.UTinyInt or DuckTypeId.USmallInt or DuckTypeId.UInteger or DuckTypeId.UBigInt or DuckTypeId.UHugeInt => SqlColumnKind.Number,
        DuckTypeId.Float or DuckTypeId.Double or DuckTypeId.Decimal or DuckTypeId.BigNum => SqlColumnKind.Number,
        DuckTypeId.Date or DuckTypeId.Timestamp or DuckTypeId.TimestampTz or DuckTypeId.TimestampSeconds => SqlColumnKind.Time,
        DuckTypeId.TimestampMilliseconds or DuckTypeId.TimestampNanoseconds => SqlColumnKind.Time,
        DuckTypeId.List or DuckTypeId.Array or DuckTypeId.Map or DuckTypeId.Struct or DuckTypeId.Union => SqlColumnKind.Json,
        DuckTypeId.Varchar when type.Alias == "JSON" => SqlColumnKind.Json,
        _ => SqlColumnKind.Text,
    };

    private List<string?[]> Read(int maxRows)
    {
        var rows = new List<string?[]>(Math.Min(maxRows, 1_000));
        while (rows.Count < maxRows && !_ended)
        {
            if (_chunk is null || _row >= _chunk.RowCount)
            {
                _row = 0;
                _ended = !_result.ReadChunk(out _chunk);
                continue;
            }

            var count = Math.Min(maxRows - rows.Count, _chunk.RowCount - _row);
            Append(rows, _chunk, _row, count);
            _row += count;
        }

        return rows;
    }

    private void Append(List<string?[]> rows, DuckChunk chunk, int from, int count)
    {
        var first = rows.Count;
        for (var i = 0; i < count; i++)
            rows.Add(new string?[Columns.Count]);
        for (var c = 0; c < Columns.Count; c++)
        {
            var values = chunk.Column(c);
            var isTime = Columns[c].Kind == SqlColumnKind.Time;
            for (var i = 0; i < count; i++)
            {
                if (!values.IsNull(from + i))
                    rows[first + i][c] = isTime ? TimeText.Iso(values.GetString(from + i)) : values.GetString(from + i);
            }
        }
    }
}
