using System.Runtime.CompilerServices;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// Where the values of one column go, or of something nested in it: an element of a list, a field of a struct. A value that is not written is undefined;
/// there is no call into the library per value.
/// </summary>
/// <remarks>Throws <see cref="InvalidCastException"/> where the width of a value is not that of the column's type.</remarks>
public sealed unsafe class DuckColumnWriter
{
    private readonly DuckColumnWriter[] _children;
    private readonly Utf8Arena _arena;
    private readonly bool _isList;
    private readonly bool _isText;
    private readonly int _size;
    private AppenderColumn _column;
    private nint _vector;
    private int _capacity;
    private int _used;

    internal DuckColumnWriter(DuckType type, Utf8Arena arena)
    {
        if (type.Id is not (DuckTypeId.List or DuckTypeId.Struct or DuckTypeId.Varchar or DuckTypeId.Blob) && (type.Size == 0 || type.Children.Count > 0))
            throw new NotSupportedException($"Rows from code cannot have a column of type {type}.");
        Type = type;
        _arena = arena;
        _isList = type.Id == DuckTypeId.List;
        _isText = type.Id is DuckTypeId.Varchar or DuckTypeId.Blob;
        _size = _isList || _isText ? 0 : type.Size;
        _column = new AppenderColumn(type, false);
        _children = [.. type.Children.Select(child => new DuckColumnWriter(child, arena))];
    }

    /// <summary>The column's type.</summary>
    public DuckType Type { get; }

    /// <summary>The elements of a LIST, in the vector that all rows share, or a STRUCT's field.</summary>
    public DuckColumnWriter Child(int index = 0) => _children[index];

    /// <summary>Writes a value of fixed width as <see cref="DuckTypeId"/> describes it: a DECIMAL unscaled, a timestamp as its count of units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set<T>(int row, T value) where T : unmanaged
    {
        if (sizeof(T) != _size || (uint)row >= (uint)_capacity)
            ThrowMismatch(row, sizeof(T));
        _column.Write(row, value);
    }

    /// <summary>Writes NULL.</summary>
    public void SetNull(int row)
    {
        if ((uint)row >= (uint)_capacity)
            ThrowMismatch(row, _size);
        _column.WriteNull(row);
    }

    /// <summary>Copies UTF-8 text, or the bytes of a BLOB. The text is not checked.</summary>
    public void SetText(int row, ReadOnlySpan<byte> value)
    {
        if (!_isText || (uint)row >= (uint)_capacity)
            ThrowMismatch(row, 0);
        _column.WriteBytes(row, value, _arena);
    }

    /// <summary>
    /// Takes UTF-8 text, or the bytes of a BLOB, without copying them: what <paramref name="value"/> points at must neither move nor change until the query is
    /// over. The text is not checked.
    /// </summary>
    public void SetTextInPlace(int row, ReadOnlySpan<byte> value)
    {
        if (!_isText || (uint)row >= (uint)_capacity)
            ThrowMismatch(row, 0);
        _column.WriteInPlace(row, value);
    }

    /// <summary>Writes a list; its elements take the next places of <see cref="Child"/>.</summary>
    /// <returns>The row of the first element there.</returns>
    public int SetList(int row, int length)
    {
        if (!_isList || length < 0 || (uint)row >= (uint)_capacity)
            ThrowMismatch(row, 0);
        var first = _used;
        if (length > _children[0]._capacity - first)
            Grow(checked(first + length));
        _used = first + length;
        _column.Write(row, new ListEntry { Offset = (ulong)first, Length = (ulong)length });
        return first;
    }

    internal void Attach(nint vector, int capacity)
    {
        Point(vector, capacity);
        _used = 0;
        if (_isList)
            AttachElements(NativeMethods.VectorSize);
        else
            AttachFields(capacity);
    }

    internal void Complete()
    {
        if (_isList && NativeMethods.duckdb_list_vector_set_size(_vector, (ulong)_used) != NativeMethods.Success)
            throw new InvalidOperationException("The library took no size of a list vector.");
        foreach (var child in _children)
            child.Complete();
    }

    private void AttachFields(int capacity)
    {
        for (var i = 0; i < _children.Length; i++)
            _children[i].Attach(NativeMethods.duckdb_struct_vector_get_child(_vector, (ulong)i), capacity);
    }

    private void AttachElements(int capacity) => _children[0].Attach(NativeMethods.duckdb_list_vector_get_child(_vector), capacity);

    /// <summary>More room for elements: those that are there move, what they hold stays.</summary>
    private void Grow(int length)
    {
        var capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length);
        if (NativeMethods.duckdb_list_vector_reserve(_vector, (ulong)capacity) != NativeMethods.Success)
            throw new InvalidOperationException("The library gave no room for a list's elements.");
        _children[0].Move(NativeMethods.duckdb_list_vector_get_child(_vector), capacity);
    }

    private void Move(nint vector, int capacity)
    {
        Point(vector, capacity);
        if (_isList)
            return;
        for (var i = 0; i < _children.Length; i++)
            _children[i].Move(NativeMethods.duckdb_struct_vector_get_child(vector, (ulong)i), capacity);
    }

    private void Point(nint vector, int capacity)
    {
        _vector = vector;
        _capacity = capacity;
        if (Type.Size > 0)
            _column.Attach(vector);
        else
            _column.AttachValidity(vector);
    }

    private void ThrowMismatch(int row, int bytes)
    {
        if ((uint)row >= (uint)_capacity)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"There is room for {_capacity} value(s), numbered from 0.");
        throw new InvalidCastException(
            bytes == 0 ? $"A column of type {Type} does not take such a value." : $"A column of type {Type} does not take values of {bytes} bytes.");
    }
}
