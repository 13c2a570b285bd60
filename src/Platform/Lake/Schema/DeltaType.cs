using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>The type of a column or of a part of one, as the Delta protocol names them.</summary>
public abstract record DeltaType
{
    private protected DeltaType()
    {
    }

#pragma warning disable CA1720 // These are the protocol's names of its types.
    /// <summary>UTF-8 text.</summary>
    public static DeltaPrimitive String { get; } = new("string", "VARCHAR");

    /// <summary>A signed integer of 64 bits.</summary>
    public static DeltaPrimitive Long { get; } = new("long", "BIGINT");

    /// <summary>A signed integer of 32 bits.</summary>
    public static DeltaPrimitive Integer { get; } = new("integer", "INTEGER");

    /// <summary>A signed integer of 16 bits.</summary>
    public static DeltaPrimitive Short { get; } = new("short", "SMALLINT");

    /// <summary>A signed integer of 8 bits.</summary>
    public static DeltaPrimitive Byte { get; } = new("byte", "TINYINT");

    /// <summary>A binary floating-point number of 32 bits.</summary>
    public static DeltaPrimitive Float { get; } = new("float", "FLOAT");

    /// <summary>A binary floating-point number of 64 bits.</summary>
    public static DeltaPrimitive Double { get; } = new("double", "DOUBLE");

    /// <summary>True or false.</summary>
    public static DeltaPrimitive Boolean { get; } = new("boolean", "BOOLEAN");

    /// <summary>Bytes.</summary>
    public static DeltaPrimitive Binary { get; } = new("binary", "BLOB");

    /// <summary>A day of the calendar.</summary>
    public static DeltaPrimitive Date { get; } = new("date", "DATE");

    /// <summary>A moment, in microseconds since 1970-01-01 UTC.</summary>
    public static DeltaPrimitive Timestamp { get; } = new("timestamp", "TIMESTAMP WITH TIME ZONE");

    /// <summary>An exact decimal number.</summary>
    /// <param name="precision">Digits in all, 1 to 38.</param>
    /// <param name="scale">Digits after the point, 0 to the precision.</param>
    public static DeltaDecimal Decimal(int precision, int scale) => new(precision, scale);
#pragma warning restore CA1720

    /// <summary>A list.</summary>
    public static DeltaArray Array(DeltaType element, bool containsNull = true) => new(element, containsNull);

    /// <summary>A map.</summary>
    public static DeltaMap Map(DeltaType key, DeltaType value, bool valueContainsNull = true) => new(key, value, valueContainsNull);

    /// <summary>A struct.</summary>
    public static DeltaStruct Struct(params IEnumerable<DeltaField> fields) => new([.. fields]);

    /// <summary>The same type in DuckDB's SQL.</summary>
    public abstract string ToSql();

    /// <summary>The type as the protocol writes it, for messages.</summary>
    public sealed override string ToString() => SchemaJson.Describe(this);
}

/// <summary>A type without parts.</summary>
public sealed record DeltaPrimitive : DeltaType
{
    private readonly string _sql;

    internal DeltaPrimitive(string name, string sql)
    {
        Name = name;
        _sql = sql;
    }

    /// <summary>The protocol's name of it.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override string ToSql() => _sql;
}

/// <summary>An exact decimal number.</summary>
public sealed record DeltaDecimal : DeltaType
{
    internal DeltaDecimal(int precision, int scale)
    {
        if (precision is < 1 or > 38 || scale < 0 || scale > precision)
            throw new TerminalException($"decimal({precision},{scale}) is not a type: the precision is 1 to 38 and the scale 0 to the precision.");
        Precision = precision;
        Scale = scale;
    }

    /// <summary>Digits in all.</summary>
    public int Precision { get; }

    /// <summary>Digits after the point.</summary>
    public int Scale { get; }

    /// <inheritdoc/>
    public override string ToSql() => $"DECIMAL({Precision},{Scale})";
}

/// <summary>A list of elements of one type.</summary>
/// <param name="Element">The type of the elements.</param>
/// <param name="ContainsNull">True where elements may be null.</param>
public sealed record DeltaArray(DeltaType Element, bool ContainsNull) : DeltaType
{
    /// <inheritdoc/>
    public override string ToSql() => Element.ToSql() + "[]";
}

/// <summary>A map from keys of one type to values of one type.</summary>
/// <param name="Key">The type of the keys.</param>
/// <param name="Value">The type of the values.</param>
/// <param name="ValueContainsNull">True where values may be null.</param>
public sealed record DeltaMap(DeltaType Key, DeltaType Value, bool ValueContainsNull) : DeltaType
{
    /// <inheritdoc/>
    public override string ToSql() => $"MAP({Key.ToSql()}, {Value.ToSql()})";
}

/// <summary>A struct.</summary>
/// <param name="Fields">Its fields, in order.</param>
public sealed record DeltaStruct(IReadOnlyList<DeltaField> Fields) : DeltaType
{
    /// <summary>Equal where all fields are, in order.</summary>
    public bool Equals(DeltaStruct? other) => other is not null && Fields.SequenceEqual(other.Fields);

    /// <inheritdoc/>
    public override int GetHashCode() => Fields.Count == 0 ? 0 : HashCode.Combine(Fields.Count, Fields[0], Fields[^1]);

    /// <inheritdoc/>
    public override string ToSql() => $"STRUCT({string.Join(", ", Fields.Select(f => $"{Sql.Identifier(f.Name)} {f.Type.ToSql()}"))})";
}
