using System.Globalization;
using System.Text;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// A prepared statement. Parameters are numbered from 1 or named without the <c>$</c>; they keep their values from one execution to the next.
/// For one thread at a time, as its connection.
/// </summary>
public sealed class DuckStatement : IDisposable
{
    private static readonly UTF8Encoding _strictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly Session _session;
    private readonly StatementHandle _handle;
    private readonly SqlPart _sql;

    internal DuckStatement(Session session, StatementHandle handle, SqlPart sql)
    {
        _session = session;
        _handle = handle;
        _sql = sql;
        ParameterCount = (int)NativeMethods.duckdb_nparams(handle);
    }

    /// <summary>The number of parameters.</summary>
    public int ParameterCount { get; }

    /// <summary>The number of a named parameter.</summary>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    public int IndexOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        using var lease = Enter();
        return NativeMethods.duckdb_bind_parameter_index(_handle, out var index, name[0] == '$' ? name[1..] : name) == NativeMethods.Success
            ? (int)index
            : throw new ArgumentException($"The statement has no parameter ${name.TrimStart('$')}.", nameof(name));
    }

    /// <summary>Binds NULL.</summary>
    public void BindNull(int index)
    {
        using var lease = Enter();
        Check(NativeMethods.duckdb_bind_null(_handle, (ulong)index), index);
    }

    /// <summary>Binds text, or NULL.</summary>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair.</exception>
    public void Bind(int index, string? value)
    {
        if (value is null)
            BindNull(index);
        else
            Bind(index, _strictUtf8.GetBytes(value).AsSpan());
    }

    /// <summary>Binds text given as UTF-8.</summary>
    /// <exception cref="ArgumentException">The bytes are not UTF-8.</exception>
    public unsafe void Bind(int index, ReadOnlySpan<byte> utf8)
    {
        if (!System.Text.Unicode.Utf8.IsValid(utf8))
            throw new ArgumentException($"The value of parameter {index} is not valid UTF-8.", nameof(utf8));
        using var lease = Enter();
        fixed (byte* bytes = utf8)
        {
            var none = (byte)0;
            Check(NativeMethods.duckdb_bind_varchar_length(_handle, (ulong)index, bytes is null ? &none : bytes, (ulong)utf8.Length), index);
        }
    }

    /// <summary>Binds a BLOB.</summary>
    public unsafe void BindBlob(int index, ReadOnlySpan<byte> value)
    {
        using var lease = Enter();
        fixed (byte* bytes = value)
        {
            var none = (byte)0;
            Check(NativeMethods.duckdb_bind_blob(_handle, (ulong)index, bytes is null ? &none : bytes, (ulong)value.Length), index);
        }
    }

    /// <summary>Binds a BIGINT.</summary>
    public void Bind(int index, long value)
    {
        using var lease = Enter();
        Check(NativeMethods.duckdb_bind_int64(_handle, (ulong)index, value), index);
    }

    /// <summary>Binds an INTEGER.</summary>
    public void Bind(int index, int value)
    {
        using var lease = Enter();
        Check(NativeMethods.duckdb_bind_int32(_handle, (ulong)index, value), index);
    }

    /// <summary>Binds a DOUBLE.</summary>
    public void Bind(int index, double value)
    {
        using var lease = Enter();
        Check(NativeMethods.duckdb_bind_double(_handle, (ulong)index, value), index);
    }

    /// <summary>Binds a BOOLEAN.</summary>
    public void Bind(int index, bool value)
    {
        using var lease = Enter();
        Check(NativeMethods.duckdb_bind_boolean(_handle, (ulong)index, value ? (byte)1 : (byte)0), index);
    }

    /// <summary>Binds a DECIMAL as wide as the value and with the value's scale: <c>1.50m</c> is a DECIMAL(3,2).</summary>
    public void Bind(int index, decimal value)
    {
        var unscaled = DecimalMath.Unscaled(value, out var scale);
        var parameter = new NativeDecimal
        {
            Width = (byte)Math.Max(DecimalMath.Digits(unscaled), scale),
            Scale = (byte)scale,
            Lower = (ulong)unscaled,
            Upper = (long)(unscaled >> 64),
        };
        using var lease = Enter();
        Check(NativeMethods.duckdb_bind_decimal(_handle, (ulong)index, parameter), index);
    }

    /// <summary>Binds a TIMESTAMP WITH TIME ZONE: the instant, in microseconds; what is finer is cut off.</summary>
    public void Bind(int index, DateTimeOffset value)
    {
        using var lease = Enter();
        Check(NativeMethods.duckdb_bind_timestamp_tz(_handle, (ulong)index, Instants.ToMicros(value)), index);
    }

    /// <summary>Binds a DATE.</summary>
    public void Bind(int index, DateOnly value)
    {
        using var lease = Enter();
        Check(NativeMethods.duckdb_bind_date(_handle, (ulong)index, Instants.ToDays(value)), index);
    }

    /// <summary>Binds NULL by name.</summary>
    public void BindNull(string name) => BindNull(IndexOf(name));

    /// <summary>Binds text, or NULL, by name.</summary>
    public void Bind(string name, string? value) => Bind(IndexOf(name), value);

    /// <summary>Binds text given as UTF-8 by name.</summary>
    public void Bind(string name, ReadOnlySpan<byte> utf8) => Bind(IndexOf(name), utf8);

    /// <summary>Binds a BIGINT by name.</summary>
    public void Bind(string name, long value) => Bind(IndexOf(name), value);

    /// <summary>Binds an INTEGER by name.</summary>
    public void Bind(string name, int value) => Bind(IndexOf(name), value);

    /// <summary>Binds a DOUBLE by name.</summary>
    public void Bind(string name, double value) => Bind(IndexOf(name), value);

    /// <summary>Binds a BOOLEAN by name.</summary>
    public void Bind(string name, bool value) => Bind(IndexOf(name), value);

    /// <summary>Binds a DECIMAL by name.</summary>
    public void Bind(string name, decimal value) => Bind(IndexOf(name), value);

    /// <summary>Binds a TIMESTAMP WITH TIME ZONE by name.</summary>
    public void Bind(string name, DateTimeOffset value) => Bind(IndexOf(name), value);

    /// <summary>Binds a DATE by name.</summary>
    public void Bind(string name, DateOnly value) => Bind(IndexOf(name), value);

    /// <summary>Forgets all bound values.</summary>
    public void ClearBindings()
    {
        using var lease = Enter();
        _ = NativeMethods.duckdb_clear_bindings(_handle);
    }

    /// <summary>Runs the statement to its end and drops the rows it returns.</summary>
    /// <returns>The rows that it changed or wrote.</returns>
    /// <inheritdoc cref="DuckConnection.Execute" path="/exception"/>
    public long Execute(CancellationToken ct = default)
    {
        using var lease = Enter();
        using var result = _session.Run(_handle, _sql, ct);
        return _session.Drain(result, _sql, ct);
    }

    /// <summary>Runs the statement and streams its rows; the token cancels the run and the reading.</summary>
    /// <inheritdoc cref="DuckConnection.Query" path="/exception"/>
    public DuckResult Query(CancellationToken ct = default)
    {
        using var lease = Enter();
        return new DuckResult(_session, _session.Run(_handle, _sql, ct), _sql, ct);
    }

    /// <summary>Frees the statement. Results of it stay readable.</summary>
    public void Dispose() => _handle.Dispose();

    private Session.Lease Enter()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        return _session.Enter();
    }

    private void Check(int state, int index)
    {
        if (state == NativeMethods.Success)
            return;
        throw index < 1 || index > ParameterCount
            ? new ArgumentOutOfRangeException(
                nameof(index), index, string.Create(CultureInfo.InvariantCulture, $"The statement has {ParameterCount} parameter(s), numbered from 1."))
            : Session.PrepareError(_handle, _sql, default);
    }
}
