namespace Pipeline.Lake;

/// <summary>Evolution by addition: new columns and new struct fields, at the end and nullable. A type never changes.</summary>
internal static class SchemaEvolution
{
    public static DeltaSchema Merge(DeltaSchema table, DeltaSchema data)
    {
        var merged = MergeFields(table.Struct, data.Struct, "");
        return ReferenceEquals(merged, table.Struct) ? table : new DeltaSchema(merged.Fields);
    }

    private static DeltaStruct MergeFields(DeltaStruct table, DeltaStruct data, string parent)
    {
        List<DeltaField>? merged = null;
        foreach (var given in data.Fields)
        {
            var index = IndexOf(table.Fields, given.Name);
            if (index < 0)
            {
                merged ??= [.. table.Fields];
                merged.Add(AsNullable(given));
                continue;
            }

            var known = table.Fields[index];
            var type = MergeTypes(known.Type, given.Type, parent + known.Name);
            if (ReferenceEquals(type, known.Type))
                continue;
            merged ??= [.. table.Fields];
            merged[index] = known with { Type = type };
        }

        return merged is null ? table : new DeltaStruct(merged);
    }

    private static DeltaType MergeTypes(DeltaType table, DeltaType data, string column)
    {
        switch (table, data)
        {
            case (DeltaStruct t, DeltaStruct d):
                return MergeFields(t, d, column + ".");
            case (DeltaArray t, DeltaArray d):
                var element = MergeTypes(t.Element, d.Element, column + ".element");
                return ReferenceEquals(element, t.Element) ? t : t with { Element = element };
            case (DeltaMap t, DeltaMap d):
                var key = MergeTypes(t.Key, d.Key, column + ".key");
                var value = MergeTypes(t.Value, d.Value, column + ".value");
                return ReferenceEquals(key, t.Key) && ReferenceEquals(value, t.Value) ? t : t with { Key = key, Value = value };
            default:
                return table.Equals(data) || Holds(table, data)
                    ? table
                    : throw new TerminalException($"Column '{column}' is {table} in the table and {data} in the data. A column's type never changes.");
        }
    }

    // Every value of the data's type is one of the table's type; the writer casts.
    private static bool Holds(DeltaType table, DeltaType data) => (table, data) switch
    {
        (DeltaDecimal t, DeltaDecimal d) => d.Scale <= t.Scale && d.Precision - d.Scale <= t.Precision - t.Scale,
        (DeltaPrimitive t, DeltaPrimitive d) when Rank(t) is var wide and > 0 && Rank(d) is var narrow and > 0 => narrow < wide && wide / 10 == narrow / 10,
        _ => false,
    };

    private static int Rank(DeltaPrimitive type) => type.Name switch
    {
        "byte" => 11,
        "short" => 12,
        "integer" => 13,
        "long" => 14,
        "float" => 21,
        "double" => 22,
        _ => 0,
    };

    private static DeltaField AsNullable(DeltaField field) => field.Nullable ? field : field with { Nullable = true };

    private static int IndexOf(IReadOnlyList<DeltaField> fields, string name)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (string.Equals(fields[i].Name, name, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        return -1;
    }
}
