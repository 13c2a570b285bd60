using System.Globalization;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>A name under which SQL reads an <see cref="IDuckRowSource"/>; known until it is disposed of, which no query may outlive.</summary>
public sealed class DuckRowTable : IDisposable
{
    private readonly long _id;
    private readonly nint[] _types;
    private int _disposed;

    internal DuckRowTable(IDuckRowSource source, nint[] types)
    {
        Source = source;
        _types = types;
        Types = Array.ConvertAll(types, DuckType.Read);
        _id = RowFunction.Add(this);
    }

    /// <summary>What follows FROM.</summary>
    public string Sql => string.Create(CultureInfo.InvariantCulture, $"{RowFunction.Name}({_id})");

    internal IDuckRowSource Source { get; }

    internal DuckType[] Types { get; }

    internal ReadOnlySpan<nint> NativeTypes => _types;

    /// <inheritdoc />
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        RowFunction.Remove(_id);
        foreach (var type in _types)
        {
            var native = type;
            NativeMethods.duckdb_destroy_logical_type(ref native);
        }
    }
}
