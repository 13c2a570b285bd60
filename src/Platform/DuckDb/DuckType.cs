using System.Globalization;
using System.Text.Json;
using Pipeline.DuckDb.Native;

namespace Pipeline.DuckDb;

/// <summary>A column's type with everything nested in it.</summary>
public sealed class DuckType
{
    private readonly JsonEncodedText[] _jsonNames;
    private DuckType? _entry;

    private DuckType(
        DuckTypeId id, string? alias, byte width, byte scale, int arrayLength, DuckType[] children, string[] names, string[] enumValues, int size)
    {
        Id = id;
        Alias = alias;
        Width = width;
        Scale = scale;
        ArrayLength = arrayLength;
        Children = children;
        FieldNames = names;
        EnumValues = enumValues;
        Size = size;
        _jsonNames = Array.ConvertAll(names, name => JsonEncodedText.Encode(name));
    }

    /// <summary>The kind of type.</summary>
    public DuckTypeId Id { get; }

    /// <summary>The name of a type that is another name for this one, such as JSON for VARCHAR; else null.</summary>
    public string? Alias { get; }

    /// <summary>The digits of a DECIMAL; else 0.</summary>
    public int Width { get; }

    /// <summary>The digits after the point of a DECIMAL; else 0.</summary>
    public int Scale { get; }

    /// <summary>The length of an ARRAY; else 0.</summary>
    public int ArrayLength { get; }

    /// <summary>The element of a LIST or ARRAY; key and value of a MAP; the fields of a STRUCT; the members of a UNION; else none.</summary>
    public IReadOnlyList<DuckType> Children { get; }

    /// <summary>The names of the fields of a STRUCT or of the members of a UNION; <c>key</c> and <c>value</c> of a MAP; else none.</summary>
    public IReadOnlyList<string> FieldNames { get; }

    /// <summary>The values of an ENUM in order; else none.</summary>
    public IReadOnlyList<string> EnumValues { get; }

    /// <summary>Bytes of one value in a vector; 0 for STRUCT, UNION, ARRAY and NULL, whose vectors hold no values of their own.</summary>
    internal int Size { get; }

    internal bool IsJson => Id == DuckTypeId.Varchar && Alias == "JSON";

    internal JsonEncodedText JsonName(int field) => _jsonNames[field];

    /// <summary>The type as SQL writes it: <c>DECIMAL(18,2)</c>, <c>STRUCT("a" INTEGER, "b" VARCHAR[])</c>.</summary>
    public override string ToString() => Alias ?? Id switch
    {
        DuckTypeId.Decimal => string.Create(CultureInfo.InvariantCulture, $"DECIMAL({Width},{Scale})"),
        DuckTypeId.List => $"{Children[0]}[]",
        DuckTypeId.Array => string.Create(CultureInfo.InvariantCulture, $"{Children[0]}[{ArrayLength}]"),
        DuckTypeId.Map => $"MAP({Children[0]}, {Children[1]})",
        DuckTypeId.Struct or DuckTypeId.Union =>
            $"{(Id == DuckTypeId.Struct ? "STRUCT" : "UNION")}({string.Join(", ", Children.Select((t, i) => $"{Sql.Identifier(FieldNames[i])} {t}"))})",
        DuckTypeId.Enum => $"ENUM({string.Join(", ", EnumValues.Select(Sql.Literal))})",
        DuckTypeId.TimestampSeconds => "TIMESTAMP_S",
        DuckTypeId.TimestampMilliseconds => "TIMESTAMP_MS",
        DuckTypeId.TimestampNanoseconds => "TIMESTAMP_NS",
        DuckTypeId.TimestampTz => "TIMESTAMP WITH TIME ZONE",
        DuckTypeId.TimeTz => "TIME WITH TIME ZONE",
        DuckTypeId.TimeNanoseconds => "TIME_NS",
        DuckTypeId.SqlNull => "\"NULL\"",
        _ => Id.ToString().ToUpperInvariant(),
    };

    /// <summary>Reads a logical type and frees it.</summary>
    internal static unsafe DuckType Take(nint type)
    {
        try
        {
            return Read(type);
        }
        finally
        {
            NativeMethods.duckdb_destroy_logical_type(ref type);
        }
    }

    /// <summary>Reads a logical type that somebody else owns.</summary>
    internal static unsafe DuckType Read(nint type)
    {
        var id = (DuckTypeId)NativeMethods.duckdb_get_type_id(type);
        var aliasText = NativeMethods.duckdb_logical_type_get_alias(type);
        var alias = aliasText is null ? null : NativeMethods.TakeString(aliasText);
        byte width = 0, scale = 0;
        var arrayLength = 0;
        DuckType[] children = [];
        string[] names = [], values = [];
        switch (id)
        {
            case DuckTypeId.Decimal:
                width = NativeMethods.duckdb_decimal_width(type);
                scale = NativeMethods.duckdb_decimal_scale(type);
                break;
            case DuckTypeId.List:
                children = [Take(NativeMethods.duckdb_list_type_child_type(type))];
                break;
            case DuckTypeId.Array:
                arrayLength = (int)NativeMethods.duckdb_array_type_array_size(type);
                children = [Take(NativeMethods.duckdb_array_type_child_type(type))];
                break;
            case DuckTypeId.Map:
                children = [Take(NativeMethods.duckdb_map_type_key_type(type)), Take(NativeMethods.duckdb_map_type_value_type(type))];
                names = ["key", "value"];
                break;
            case DuckTypeId.Struct:
                children = new DuckType[NativeMethods.duckdb_struct_type_child_count(type)];
                names = new string[children.Length];
                for (var i = 0; i < children.Length; i++)
                {
                    children[i] = Take(NativeMethods.duckdb_struct_type_child_type(type, (ulong)i));
                    names[i] = NativeMethods.TakeString(NativeMethods.duckdb_struct_type_child_name(type, (ulong)i));
                }

                break;
            case DuckTypeId.Union:
                children = new DuckType[NativeMethods.duckdb_union_type_member_count(type)];
                names = new string[children.Length];
                for (var i = 0; i < children.Length; i++)
                {
                    children[i] = Take(NativeMethods.duckdb_union_type_member_type(type, (ulong)i));
                    names[i] = NativeMethods.TakeString(NativeMethods.duckdb_union_type_member_name(type, (ulong)i));
                }

                break;
            case DuckTypeId.Enum:
                values = new string[NativeMethods.duckdb_enum_dictionary_size(type)];
                for (var i = 0; i < values.Length; i++)
                    values[i] = NativeMethods.TakeString(NativeMethods.duckdb_enum_dictionary_value(type, (ulong)i));
                break;
        }

        return new DuckType(id, alias, width, scale, arrayLength, children, names, values, SizeOf(id, width, type));
    }

    /// <summary>The struct of key and value that a MAP's entries are.</summary>
    internal DuckType MapEntry() => _entry ??= new(DuckTypeId.Struct, null, 0, 0, 0, [.. Children], [.. FieldNames], [], 0);

    private static int SizeOf(DuckTypeId id, int width, nint type) => id switch
    {
        DuckTypeId.Boolean or DuckTypeId.TinyInt or DuckTypeId.UTinyInt => 1,
        DuckTypeId.SmallInt or DuckTypeId.USmallInt => 2,
        DuckTypeId.Integer or DuckTypeId.UInteger or DuckTypeId.Float or DuckTypeId.Date => 4,
        DuckTypeId.BigInt or DuckTypeId.UBigInt or DuckTypeId.Double or DuckTypeId.Time or DuckTypeId.TimeTz or DuckTypeId.TimeNanoseconds => 8,
        DuckTypeId.Timestamp or DuckTypeId.TimestampTz or DuckTypeId.TimestampSeconds or DuckTypeId.TimestampMilliseconds
            or DuckTypeId.TimestampNanoseconds => 8,
        DuckTypeId.HugeInt or DuckTypeId.UHugeInt or DuckTypeId.Uuid or DuckTypeId.Interval => 16,
        DuckTypeId.Varchar or DuckTypeId.Blob or DuckTypeId.Bit or DuckTypeId.BigNum => 16,
        DuckTypeId.List or DuckTypeId.Map => 16,
        DuckTypeId.Decimal => width <= 4 ? 2 : width <= 9 ? 4 : width <= 18 ? 8 : 16,
        DuckTypeId.Enum => SizeOf((DuckTypeId)NativeMethods.duckdb_enum_internal_type(type), 0, type),
        _ => 0,
    };
}
