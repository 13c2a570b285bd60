using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>
/// The values of one column of a chunk, or of something nested in it, read in place: no value is boxed or copied until it is asked for.
/// The spans it returns are DuckDB's memory: valid while the chunk is, and the result must not be disposed meanwhile.
/// </summary>
/// <remarks>The typed getters throw <see cref="InvalidCastException"/> for another type and for NULL; ask <see cref="IsNull"/> first.</remarks>
public readonly unsafe ref struct DuckVector
{
    private const int InlineLength = 12;

    private readonly DuckChunk _chunk;
    private readonly int _generation;
    private readonly nint _vector;
    private readonly byte* _data;
    private readonly ulong* _validity;

    internal DuckVector(DuckChunk chunk, nint vector, DuckType type, int count)
    {
        _chunk = chunk;
        _generation = chunk.Generation;
        _vector = vector;
        _data = count == 0 || type.Size == 0 ? null : NativeMethods.duckdb_vector_get_data(vector);
        _validity = count == 0 ? null : NativeMethods.duckdb_vector_get_validity(vector);
        Type = type;
        Count = count;
    }

    /// <summary>The type of the values.</summary>
    public DuckType Type { get; }

    /// <summary>The number of values: the chunk's rows, or the elements of all lists of the chunk.</summary>
    public int Count { get; }

    /// <summary>Whether a value may be NULL; false means that none of this vector is.</summary>
    public bool HasNulls => _validity is not null;

    /// <summary>Whether the value is NULL.</summary>
    public bool IsNull(int row)
    {
        Check(row);
        return Type.Id == DuckTypeId.SqlNull || (_validity is not null && (_validity[row >> 6] & (1UL << (row & 63))) == 0);
    }

    /// <summary>All values of a type of fixed width, NULLs as whatever stands there. <see cref="DuckTypeId"/> names the element for each type.</summary>
    /// <exception cref="InvalidCastException">A value has another size.</exception>
    public ReadOnlySpan<T> Span<T>() where T : unmanaged
    {
        CheckAlive();
        if (Type.Size != sizeof(T) || IsBytes || Type.Id is DuckTypeId.List or DuckTypeId.Map)
            throw Mismatch(typeof(T).Name);
        return new ReadOnlySpan<T>(_data, Count);
    }

    /// <summary>The bytes of a VARCHAR, as UTF-8, or of a BLOB, in place. Empty for NULL.</summary>
    public ReadOnlySpan<byte> Utf8(int row)
    {
        if (Type.Id is not (DuckTypeId.Varchar or DuckTypeId.Blob))
            throw Mismatch("bytes");
        return IsNull(row) ? default : Bytes(row);
    }

    /// <summary>A BOOLEAN.</summary>
    public bool GetBoolean(int row)
    {
        CheckValue(row);
        return Type.Id == DuckTypeId.Boolean ? _data[row] != 0 : throw Mismatch("Boolean");
    }

    /// <summary>Any whole number as <see cref="int"/>.</summary>
    /// <exception cref="OverflowException">It does not fit.</exception>
    public int GetInt32(int row) => checked((int)GetInt64(row));

    /// <summary>Any whole number as <see cref="long"/>.</summary>
    /// <exception cref="OverflowException">It does not fit.</exception>
    public long GetInt64(int row)
    {
        CheckValue(row);
        return Type.Id switch
        {
            DuckTypeId.BigInt => ((long*)_data)[row],
            DuckTypeId.Integer => ((int*)_data)[row],
            DuckTypeId.SmallInt => ((short*)_data)[row],
            DuckTypeId.TinyInt => ((sbyte*)_data)[row],
            DuckTypeId.UTinyInt => _data[row],
            DuckTypeId.USmallInt => ((ushort*)_data)[row],
            DuckTypeId.UInteger => ((uint*)_data)[row],
            DuckTypeId.UBigInt => checked((long)((ulong*)_data)[row]),
            DuckTypeId.HugeInt => checked((long)Wide(row)),
            DuckTypeId.UHugeInt => checked((long)(UInt128)Wide(row)),
            _ => throw Mismatch("Int64"),
        };
    }

    /// <summary>Any whole number but a UHUGEINT beyond the range, or the unscaled value of a DECIMAL.</summary>
    public Int128 GetInt128(int row)
    {
        CheckValue(row);
        return Type.Id switch
        {
            DuckTypeId.HugeInt => Wide(row),
            DuckTypeId.UHugeInt => checked((Int128)(UInt128)Wide(row)),
            DuckTypeId.UBigInt => ((ulong*)_data)[row],
            DuckTypeId.Decimal => Type.Size switch
            {
                2 => ((short*)_data)[row],
                4 => ((int*)_data)[row],
                8 => ((long*)_data)[row],
                _ => Wide(row),
            },
            _ => GetInt64(row),
        };
    }

    /// <summary>Any number as <see cref="double"/>, rounded where it must be.</summary>
    public double GetDouble(int row)
    {
        CheckValue(row);
        return Type.Id switch
        {
            DuckTypeId.Double => ((double*)_data)[row],
            DuckTypeId.Float => ((float*)_data)[row],
            DuckTypeId.Decimal => (double)GetInt128(row) / (double)DecimalMath.Power(Type.Scale),
            _ => (double)GetInt128(row),
        };
    }

    /// <summary>A DECIMAL or a whole number, exactly.</summary>
    /// <exception cref="OverflowException">
    /// It has more digits than <see cref="decimal"/> holds, about 28; <see cref="GetInt128"/> and text hold all.
    /// </exception>
    public decimal GetDecimal(int row) => DecimalMath.ToDecimal(GetInt128(row), Type.Scale);

    /// <summary>
    /// A DATE, TIMESTAMP of any unit or TIMESTAMP WITH TIME ZONE as an instant; those without a zone count as UTC. Nanoseconds are cut to 100.
    /// </summary>
    /// <exception cref="OverflowException">It is infinite or not of the years 1 to 9999.</exception>
    public DateTimeOffset GetTimestamp(int row)
    {
        CheckValue(row);
        var ticks = Type.Id switch
        {
            DuckTypeId.Timestamp or DuckTypeId.TimestampTz => (Int128)((long*)_data)[row] * TimeSpan.TicksPerMicrosecond,
            DuckTypeId.TimestampMilliseconds => (Int128)((long*)_data)[row] * TimeSpan.TicksPerMillisecond,
            DuckTypeId.TimestampSeconds => (Int128)((long*)_data)[row] * TimeSpan.TicksPerSecond,
            DuckTypeId.TimestampNanoseconds => Instants.FloorDivide(((long*)_data)[row], TimeSpan.NanosecondsPerTick),
            DuckTypeId.Date => (Int128)((int*)_data)[row] * TimeSpan.TicksPerDay,
            _ => throw Mismatch("timestamp"),
        };
        return Instants.FromTicks(ticks) ?? throw new OverflowException($"The timestamp {GetString(row)} is not of the years 1 to 9999.");
    }

    /// <summary>A DATE.</summary>
    /// <exception cref="OverflowException">It is infinite or not of the years 1 to 9999.</exception>
    public DateOnly GetDate(int row)
    {
        CheckValue(row);
        return Type.Id == DuckTypeId.Date ? Instants.FromDays(((int*)_data)[row]) : throw Mismatch("date");
    }

    /// <summary>A UUID.</summary>
    public Guid GetGuid(int row)
    {
        CheckValue(row);
        if (Type.Id != DuckTypeId.Uuid)
            throw Mismatch("Guid");
        // Stored with the highest bit flipped, so that signed order is the order of the text.
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, (UInt128)Wide(row) ^ (UInt128.One << 127));
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>A value of any type as text: scalars as DuckDB prints them, nested values as JSON, NULL as an error.</summary>
    public string GetString(int row)
    {
        CheckValue(row);
        return Type.Id is DuckTypeId.Varchar ? Encoding.UTF8.GetString(Bytes(row)) : ValueText.Of(this, row);
    }

    /// <summary>Where the elements of a LIST, MAP or ARRAY value lie in <see cref="Child"/>; empty for NULL.</summary>
    public (int Offset, int Length) GetListRange(int row)
    {
        if (IsNull(row))
            return default;
        if (Type.Id == DuckTypeId.Array)
            return (row * Type.ArrayLength, Type.ArrayLength);
        if (Type.Id is not (DuckTypeId.List or DuckTypeId.Map))
            throw Mismatch("list");
        ref var entry = ref ((ListEntry*)_data)[row];
        return ((int)entry.Offset, (int)entry.Length);
    }

    /// <summary>The elements of all values of a LIST or ARRAY; for a MAP, structs of <c>key</c> and <c>value</c>.</summary>
    public DuckVector Child()
    {
        CheckAlive();
        return Type.Id switch
        {
            DuckTypeId.List => new DuckVector(
                _chunk, NativeMethods.duckdb_list_vector_get_child(_vector), Type.Children[0], (int)NativeMethods.duckdb_list_vector_get_size(_vector)),
            DuckTypeId.Map => new DuckVector(
                _chunk, NativeMethods.duckdb_list_vector_get_child(_vector), Type.MapEntry(), (int)NativeMethods.duckdb_list_vector_get_size(_vector)),
            DuckTypeId.Array => new DuckVector(
                _chunk, NativeMethods.duckdb_array_vector_get_child(_vector), Type.Children[0], Count * Type.ArrayLength),
            _ => throw Mismatch("list"),
        };
    }

    /// <summary>The values of a STRUCT's field, from 0, or of a UNION's member; its rows are this vector's rows.</summary>
    public DuckVector Field(int index)
    {
        CheckAlive();
        if (Type.Id is not (DuckTypeId.Struct or DuckTypeId.Union))
            throw Mismatch("struct");
        if ((uint)index >= (uint)Type.Children.Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"{Type} has {Type.Children.Count} field(s), numbered from 0.");
        // A union is a struct whose first child is the tag.
        var child = Type.Id == DuckTypeId.Union ? index + 1 : index;
        return new DuckVector(_chunk, NativeMethods.duckdb_struct_vector_get_child(_vector, (ulong)child), Type.Children[index], Count);
    }

    /// <summary>The values of a STRUCT's field by name, compared as SQL does.</summary>
    /// <exception cref="ArgumentException">There is no such field.</exception>
    public DuckVector Field(string name)
    {
        for (var i = 0; i < Type.FieldNames.Count; i++)
        {
            if (string.Equals(Type.FieldNames[i], name, StringComparison.OrdinalIgnoreCase))
                return Field(i);
        }

        throw new ArgumentException($"{Type} has no field '{name}'.", nameof(name));
    }

    /// <summary>Which member of a UNION the value is.</summary>
    public int GetUnionTag(int row)
    {
        CheckValue(row);
        return Type.Id == DuckTypeId.Union
            ? NativeMethods.duckdb_vector_get_data(NativeMethods.duckdb_struct_vector_get_child(_vector, 0))[row]
            : throw Mismatch("union");
    }

    /// <summary>The bytes of any value of variable length.</summary>
    internal ReadOnlySpan<byte> Bytes(int row)
    {
        // duckdb_string_t: a length, then up to 12 bytes in place or a prefix of 4 and a pointer.
        var entry = _data + ((long)row * 16);
        var length = *(int*)entry;
        return new ReadOnlySpan<byte>(length <= InlineLength ? entry + 4 : *(byte**)(entry + 8), length);
    }

    /// <summary>A value of fixed width as it lies there; the caller has checked row and type.</summary>
    internal T Raw<T>(int row) where T : unmanaged => ((T*)_data)[row];

    internal Exception Mismatch(string wanted) => new InvalidCastException($"A value of type {Type} cannot be read as {wanted}.");

    private bool IsBytes => Type.Id is DuckTypeId.Varchar or DuckTypeId.Blob or DuckTypeId.Bit or DuckTypeId.BigNum;

    private Int128 Wide(int row) => ((Int128*)_data)[row];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckAlive()
    {
        if (_chunk is null || _generation != _chunk.Generation)
            ThrowStale();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Check(int row)
    {
        CheckAlive();
        if ((uint)row >= (uint)Count)
            ThrowRow(row);
    }

    private void CheckValue(int row)
    {
        if (IsNull(row))
            throw new InvalidCastException($"Row {row} of a column of type {Type} is NULL.");
    }

    private static void ThrowStale() =>
        throw new ObjectDisposedException(nameof(DuckVector), "The chunk was replaced by the next one or its result was disposed.");

    private void ThrowRow(int row) => throw new ArgumentOutOfRangeException(nameof(row), row, $"The vector has {Count} value(s), numbered from 0.");
}
