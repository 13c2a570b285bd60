namespace Pipeline.DuckDb;

/// <summary>DuckDB's types; the values are those of <c>duckdb_type</c>. The remarks name what <see cref="DuckVector.Span{T}"/> reads.</summary>
#pragma warning disable CA1720 // The members are the SQL names of DuckDB's types.
public enum DuckTypeId
{
    /// <summary>No type.</summary>
    Invalid = 0,
    /// <summary>BOOLEAN: bool.</summary>
    Boolean = 1,
    /// <summary>TINYINT: sbyte.</summary>
    TinyInt = 2,
    /// <summary>SMALLINT: short.</summary>
    SmallInt = 3,
    /// <summary>INTEGER: int.</summary>
    Integer = 4,
    /// <summary>BIGINT: long.</summary>
    BigInt = 5,
    /// <summary>UTINYINT: byte.</summary>
    UTinyInt = 6,
    /// <summary>USMALLINT: ushort.</summary>
    USmallInt = 7,
    /// <summary>UINTEGER: uint.</summary>
    UInteger = 8,
    /// <summary>UBIGINT: ulong.</summary>
    UBigInt = 9,
    /// <summary>FLOAT: float.</summary>
    Float = 10,
    /// <summary>DOUBLE: double.</summary>
    Double = 11,
    /// <summary>TIMESTAMP: long, microseconds since 1970 in no zone.</summary>
    Timestamp = 12,
    /// <summary>DATE: int, days since 1970.</summary>
    Date = 13,
    /// <summary>TIME: long, microseconds of the day.</summary>
    Time = 14,
    /// <summary>INTERVAL: 16 bytes, months, days and microseconds.</summary>
    Interval = 15,
    /// <summary>HUGEINT: Int128.</summary>
    HugeInt = 16,
    /// <summary>VARCHAR, and JSON as its alias.</summary>
    Varchar = 17,
    /// <summary>BLOB.</summary>
    Blob = 18,
    /// <summary>DECIMAL(width, scale): short to width 4, int to 9, long to 18, Int128 to 38, unscaled.</summary>
    Decimal = 19,
    /// <summary>TIMESTAMP_S: long, seconds since 1970.</summary>
    TimestampSeconds = 20,
    /// <summary>TIMESTAMP_MS: long, milliseconds since 1970.</summary>
    TimestampMilliseconds = 21,
    /// <summary>TIMESTAMP_NS: long, nanoseconds since 1970.</summary>
    TimestampNanoseconds = 22,
    /// <summary>ENUM: byte, ushort or uint, an index into <see cref="DuckType.EnumValues"/>.</summary>
    Enum = 23,
    /// <summary>LIST.</summary>
    List = 24,
    /// <summary>STRUCT.</summary>
    Struct = 25,
    /// <summary>MAP: a list of structs of key and value.</summary>
    Map = 26,
    /// <summary>UUID: Int128 with the highest bit flipped.</summary>
    Uuid = 27,
    /// <summary>UNION.</summary>
    Union = 28,
    /// <summary>BIT.</summary>
    Bit = 29,
    /// <summary>TIME WITH TIME ZONE: ulong.</summary>
    TimeTz = 30,
    /// <summary>TIMESTAMP WITH TIME ZONE: long, microseconds since 1970 in UTC.</summary>
    TimestampTz = 31,
    /// <summary>UHUGEINT: UInt128.</summary>
    UHugeInt = 32,
    /// <summary>ARRAY: lists of one length.</summary>
    Array = 33,
    /// <summary>Any type.</summary>
    Any = 34,
    /// <summary>BIGNUM.</summary>
    BigNum = 35,
    /// <summary>The type of a bare NULL.</summary>
    SqlNull = 36,
    /// <summary>A string literal.</summary>
    StringLiteral = 37,
    /// <summary>An integer literal.</summary>
    IntegerLiteral = 38,
    /// <summary>TIME_NS: long, nanoseconds of the day.</summary>
    TimeNanoseconds = 39,
    /// <summary>GEOMETRY. Not readable here; cast it in SQL.</summary>
    Geometry = 40,
    /// <summary>VARIANT. Not readable here; cast it in SQL.</summary>
    Variant = 41,
}
