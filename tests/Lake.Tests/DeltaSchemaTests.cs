using FsCheck;
using FsCheck.Fluent;
using Pipeline.DuckDb;

namespace Pipeline.Lake.Tests;

public sealed class DeltaSchemaTests
{
    private static readonly Gen<string> _names = Gen.Elements("a", "B", "c d", "e.f", "g\"h", "i'j", "é", "select", "k,l", "m)", "n:o");

    private static readonly Gen<DeltaType> _primitives = Gen.Elements<DeltaType>(
        DeltaType.String, DeltaType.Long, DeltaType.Integer, DeltaType.Short, DeltaType.Byte, DeltaType.Float, DeltaType.Double,
        DeltaType.Boolean, DeltaType.Binary, DeltaType.Date, DeltaType.Timestamp, DeltaType.Decimal(38, 38), DeltaType.Decimal(9, 0));

    [Fact]
    public void Json_AnySchema_RoundTrips() =>
        Prop.ForAll(Schemas().ToArbitrary(), schema => DeltaSchema.Parse(schema.ToJson()).Equals(schema)).QuickCheckThrowOnFailure();

    [Fact]
    public void DuckDb_AnySchema_DescribesTheSameTypes()
    {
        using var database = DuckDatabase.Open();
        using var connection = database.Connect();
        Prop.ForAll(Schemas().ToArbitrary(), schema =>
        {
            foreach (var field in schema.Fields)
            {
                var described = connection.QueryString($"SELECT column_type FROM (DESCRIBE SELECT CAST(NULL AS {field.Type.ToSql()}) AS x)")!;
                if (!DuckDbTypes.Parse(described, "x").Equals(field.Type))
                    return false;
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Json_OfAnotherWriter_KeepsMetadata()
    {
        const string Json = """{"type":"struct","fields":[{"name":"x","type":"integer","nullable":false,"metadata":{"comment":"n°","k":{"a":[1,2]}}}]}""";
        Assert.Equal(Json, DeltaSchema.Parse(Json).ToJson());
    }

    [Theory]
    [InlineData("timestamp_ntz")]
    [InlineData("variant")]
    [InlineData("decimal(39,2)")]
    [InlineData("decimal(x,2)")]
    public void Json_UnknownType_IsRefusedByName(string type)
    {
        var json = $$$"""{"type":"struct","fields":[{"name":"col","type":"{{{type}}}","nullable":true,"metadata":{}}]}""";
        var error = Assert.Throws<TerminalException>(() => DeltaSchema.Parse(json));
        Assert.Contains(type.Split('(')[0], error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("\"string\"")]
    [InlineData("{\"type\":\"struct\"}")]
    [InlineData("[1]")]
    public void Json_NotASchema_IsTerminal(string json) => Assert.Throws<TerminalException>(() => DeltaSchema.Parse(json));

    [Theory]
    [InlineData("TIMESTAMP")]
    [InlineData("HUGEINT")]
    [InlineData("UBIGINT")]
    [InlineData("INTERVAL")]
    [InlineData("STRUCT(a TIME)")]
    [InlineData("INTEGER[3")]
    public void DuckDb_TypeWithoutEqual_IsRefusedWithTheColumn(string type) =>
        Assert.Contains("'col'", Assert.Throws<TerminalException>(() => DuckDbTypes.Parse(type, "col")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("UTINYINT", "short")]
    [InlineData("USMALLINT", "integer")]
    [InlineData("UINTEGER", "long")]
    [InlineData("JSON", "string")]
    [InlineData("ENUM('a', 'b''c, ')", "string")]
    [InlineData("INTEGER[3][]", "array<array<integer>>")]
    public void DuckDb_NarrowerType_FindsTheOneThatHoldsIt(string type, string expected) => Assert.Equal(expected, DuckDbTypes.Parse(type, "c").ToString());

    [Fact]
    public void Schema_NamesThatDifferInCaseOnly_AreRefused() =>
        Assert.Throws<TerminalException>(() => new DeltaSchema(new DeltaField("a", DeltaType.Long), new DeltaField("A", DeltaType.Long)));

    [Fact]
    public void Merge_SameSchema_IsTheSameObject()
    {
        var schema = new DeltaSchema(new DeltaField("a", DeltaType.Long), new DeltaField("s", DeltaType.Struct(new DeltaField("x", DeltaType.Long))));
        Assert.Same(schema, schema.MergeWith(new DeltaSchema(new DeltaField("A", DeltaType.Integer))));
        Assert.Same(schema, schema.MergeWith(schema));
    }

    [Fact]
    public void Merge_NewColumnsAndFields_AreAppendedNullable()
    {
        var table = new DeltaSchema(
            new DeltaField("a", DeltaType.Long, Nullable: false),
            new DeltaField("s", DeltaType.Array(DeltaType.Struct(new DeltaField("x", DeltaType.Long)))));
        var data = new DeltaSchema(
            new DeltaField("n", DeltaType.String, Nullable: false),
            new DeltaField("s", DeltaType.Array(DeltaType.Struct(new DeltaField("y", DeltaType.Date), new DeltaField("x", DeltaType.Long)))));
        Assert.Equal("a long, s array<struct<x: long, y: date>>, n string", table.MergeWith(data).ToString());
        Assert.All(table.MergeWith(data).Fields.Skip(1), f => Assert.True(f.Nullable));
        Assert.False(table.MergeWith(data).Fields[0].Nullable);
    }

    [Theory]
    [InlineData("string", "long")]
    [InlineData("integer", "long")]
    [InlineData("float", "double")]
    [InlineData("decimal(10,2)", "decimal(10,4)")]
    [InlineData("decimal(10,2)", "decimal(11,2)")]
    [InlineData("date", "timestamp")]
    [InlineData("long", "double")]
    public void Merge_TypeThatDoesNotHoldTheData_IsRefusedWithBothTypes(string table, string data)
    {
        var error = Assert.Throws<TerminalException>(() => Of(table).MergeWith(Of(data)));
        Assert.Contains(table, error.Message, StringComparison.Ordinal);
        Assert.Contains(data, error.Message, StringComparison.Ordinal);
        Assert.Contains("'c'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("long", "byte")]
    [InlineData("double", "float")]
    [InlineData("decimal(10,4)", "decimal(6,2)")]
    public void Merge_TypeThatHoldsTheData_StaysTheTables(string table, string data) => Assert.Equal($"c {table}", Of(table).MergeWith(Of(data)).ToString());

    private static DeltaSchema Of(string type) =>
        DeltaSchema.Parse($$$"""{"type":"struct","fields":[{"name":"c","type":"{{{type}}}","nullable":true,"metadata":{}}]}""");

    private static Gen<DeltaSchema> Schemas() =>
        from names in Gen.SubListOf(new[] { "a", "B", "c d", "e.f", "g\"h", "i'j", "é", "select", "k,l", "m)" }).Where(n => n.Count > 0)
        from fields in Gen.CollectToList(names, n => Fields(n))
        select new DeltaSchema(fields);

    private static Gen<DeltaField> Fields(string name) =>
        from type in Types(2)
        from nullable in Gen.Elements(true, false)
        select new DeltaField(name, type, nullable);

    private static Gen<DeltaType> Types(int depth) => depth == 0
        ? _primitives
        : Gen.Frequency(
            (4, _primitives),
            (1, Types(depth - 1).Select(t => (DeltaType)DeltaType.Array(t))),
            (1, Types(depth - 1).Select(t => (DeltaType)DeltaType.Map(DeltaType.String, t))),
            (1, from names in Gen.ListOf(_names, 3)
                from type in Types(depth - 1)
                select (DeltaType)DeltaType.Struct(names.Distinct().Select(n => new DeltaField(n, type)))));
}
