using System.Text;
using System.Text.Json;

namespace Pipeline.DuckDb.Tests;

public class TypeTests
{
    /// <summary>Literals whose text must be what DuckDB's own cast to VARCHAR prints.</summary>
    public static TheoryData<string> Scalars =>
    [
        "true", "false", "(-128)::TINYINT", "127::TINYINT", "(-32768)::SMALLINT", "2147483647::INTEGER", "(-9223372036854775808)::BIGINT",
        "255::UTINYINT", "65535::USMALLINT", "4294967295::UINTEGER", "18446744073709551615::UBIGINT",
        "(-170141183460469231731687303715884105728)::HUGEINT", "170141183460469231731687303715884105727::HUGEINT",
        "340282366920938463463374607431768211455::UHUGEINT",
        "1.5::FLOAT", "0.1::DOUBLE", "(-2.5)::DOUBLE",
        "0::DECIMAL(4,2)", "(-99.99)::DECIMAL(4,2)", "12345.6789::DECIMAL(9,4)", "(-0.05)::DECIMAL(18,2)",
        "99999999999999999999999999999999999999::DECIMAL(38,0)", "'-0.9999999999999999999999999999999999999'::DECIMAL(38,37)",
        "1234567890123456789012345678.9012345678::DECIMAL(38,10)",
        "''", "'short'", "'exactly 12 b'", "'thirteen byte'", "'żółć €uro 😀 日本語'", "('a' || chr(0) || 'b, longer than twelve')",
        "'\\x00\\xFFabc'::BLOB", "''::BLOB",
        "'1970-01-01'::DATE", "'0001-01-01'::DATE", "'9999-12-31'::DATE", "'2024-02-29'::DATE", "'0044-03-15 (BC)'::DATE", "'infinity'::DATE",
        "'-infinity'::DATE", "'12000-05-06'::DATE",
        "'2024-02-29 12:34:56.789012'::TIMESTAMP", "'1969-12-31 23:59:59.999999'::TIMESTAMP", "'0001-01-01 00:00:00'::TIMESTAMP",
        "'infinity'::TIMESTAMP", "'2024-02-29 12:34:56.7'::TIMESTAMP",
        "'2024-02-29 12:34:56'::TIMESTAMP_S", "'2024-02-29 12:34:56.789'::TIMESTAMP_MS", "'2024-02-29 12:34:56.789012345'::TIMESTAMP_NS",
        "'2024-02-29 12:34:56.789+02'::TIMESTAMPTZ",
        "'12:34:56.5'::TIME", "'00:00:00'::TIME", "'12:34:56.123456789'::TIME_NS", "'12:34:56+05:30'::TIMETZ", "'12:34:56-08'::TIMETZ",
        "INTERVAL '1 year 2 months 3 days 04:05:06.5'", "INTERVAL '0 days'", "INTERVAL '-1 months -2 days -00:00:01'", "INTERVAL '13 months'",
        "INTERVAL '100 hours'",
        "'6f1e0c3a-0000-4abc-8def-ffffffffffff'::UUID", "'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID", "'00000000-0000-0000-0000-000000000000'::UUID",
        "'happy'::ENUM('sad', 'happy')", "'10110'::BIT", "'1'::BIT", "'0000000011111111'::BIT",
        "12345678901234567890123456789012345678901234567890::BIGNUM", "(-256)::BIGNUM", "0::BIGNUM",
    ];

    [Theory]
    [MemberData(nameof(Scalars))]
    public void Scalar_ReadAsText_IsWhatDuckDbPrints(string literal)
    {
        using var db = new Db();
        var expected = db.Connection.QueryString($"SELECT ({literal})::VARCHAR");

        // Before and after a NULL, from a table and not from a constant, so that vectors are real ones.
        db.Connection.Execute($"CREATE TABLE t AS SELECT * FROM (VALUES (1, {literal}), (2, NULL), (3, {literal})) v(i, x)");
        using var result = db.Connection.Query("SELECT x FROM t ORDER BY i");

        Assert.Equal([expected, null, expected], Db.Texts(result));
    }

    [Fact]
    public void Columns_OfEveryKind_AreDescribed()
    {
        using var db = new Db();
        using var result = db.Connection.Query(
            """
            SELECT 1.5::DECIMAL(18,3) a, [1] b, {'x': 1, 'y y': ['q']} c, MAP {'k': 1} d, 'a'::ENUM('a','b') e, [1,2,3]::INTEGER[3] f, '1'::JSON g, NULL h,
                   union_value(num := 2) i, now() j
            """);

        Assert.Equal(
            [
                "DECIMAL(18,3)", "INTEGER[]", "STRUCT(\"x\" INTEGER, \"y y\" VARCHAR[])", "MAP(VARCHAR, INTEGER)", "ENUM('a', 'b')", "INTEGER[3]", "JSON",
                "INTEGER", "UNION(\"num\" INTEGER)", "TIMESTAMP WITH TIME ZONE",
            ],
            result.Columns.Select(c => c.Type.ToString()));
        Assert.Equal(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], result.Columns.Select(c => c.Name));
        var type = result.Columns[0].Type;
        Assert.Equal((DuckTypeId.Decimal, 18, 3), (type.Id, type.Width, type.Scale));
        Assert.Equal(["x", "y y"], result.Columns[2].Type.FieldNames);
    }

    [Fact]
    public void Result_WithoutRows_HasColumnsAndEndsAtOnce()
    {
        using var db = new Db();
        using var result = db.Connection.Query("SELECT 1 AS a, 'x' AS b WHERE false");

        Assert.Equal(["a", "b"], result.Columns.Select(c => c.Name));
        Assert.False(result.ReadChunk(out var chunk));
        Assert.Equal(0, chunk.RowCount);
        Assert.False(result.ReadChunk(out _));
    }

    [Fact]
    public void Result_OfManyChunks_KeepsOrderAndValues()
    {
        using var db = new Db();
        using var result = db.Connection.Query("SELECT range AS i, 'value number ' || range AS s FROM range(100000)");
        var next = 0L;
        while (result.ReadChunk(out var chunk))
        {
            var numbers = chunk.Column("i").Span<long>();
            var texts = chunk.Column("s");
            for (var row = 0; row < chunk.RowCount; row++, next++)
            {
                Assert.Equal(next, numbers[row]);
                Assert.Equal($"value number {next}", Encoding.UTF8.GetString(texts.Utf8(row)));
            }
        }

        Assert.Equal(100_000, next);
    }

    [Fact]
    public void Numbers_ReadAsDotNetTypes_AreExact()
    {
        using var db = new Db();
        using var result = db.Connection.Query(
            """
            SELECT 42::UTINYINT a, 1.50::DECIMAL(18,2) b, 79228162514264337593543950335::DECIMAL(38,0) c,
                   0.00000000000000000000000000001000000000::DECIMAL(38,38) d,
                   (-7)::HUGEINT e, '2024-02-29 12:34:56.789+02'::TIMESTAMPTZ f, '2024-02-29'::DATE g, '6f1e0c3a-0000-4abc-8def-ffffffffffff'::UUID h,
                   1e30::DECIMAL(38,0) i, true j, 2.5::DOUBLE k, '1969-12-31 23:59:59.999999999'::TIMESTAMP_NS l, 'infinity'::TIMESTAMP m
            """);
        Assert.True(result.ReadChunk(out var chunk));

        Assert.Equal(42, chunk.Column(0).GetInt32(0));
        Assert.Equal(1.50m, chunk.Column(1).GetDecimal(0));
        Assert.Equal(decimal.MaxValue, chunk.Column(2).GetDecimal(0));
        Assert.Equal(-7, chunk.Column(4).GetInt64(0));
        Assert.Equal(-7m, chunk.Column(4).GetDecimal(0));
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 10, 34, 56, 789, TimeSpan.Zero), chunk.Column(5).GetTimestamp(0));
        Assert.Equal(new DateOnly(2024, 2, 29), chunk.Column(6).GetDate(0));
        Assert.Equal(Guid.Parse("6f1e0c3a-0000-4abc-8def-ffffffffffff"), chunk.Column(7).GetGuid(0));
        Assert.True(chunk.Column(9).GetBoolean(0));
        Assert.Equal(2.5, chunk.Column(10).GetDouble(0));
        Assert.Equal(1.5, chunk.Column(1).GetDouble(0));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddTicks(-1), chunk.Column(11).GetTimestamp(0));
        Assert.Throws<OverflowException>(() => Read(result, c => c.Column(3).GetDecimal(0)));
        Assert.Throws<OverflowException>(() => Read(result, c => c.Column(8).GetDecimal(0)));
        Assert.Throws<OverflowException>(() => Read(result, c => c.Column(12).GetTimestamp(0)));
        Assert.Throws<InvalidCastException>(() => Read(result, c => c.Column(9).GetInt64(0)));
        Assert.Throws<InvalidCastException>(() => Read(result, c => c.Column(0).Span<long>()[0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Read(result, c => c.Column(0).GetInt64(1)));

        object Read<T>(DuckResult _, Func<DuckChunk, T> read) => read(chunk)!;
    }

    [Fact]
    public void ListOfStructs_WithNullsInEveryPlace_IsReadByPosition()
    {
        using var db = new Db();
        db.Connection.Execute(
            """
            CREATE TABLE t (i INTEGER, x STRUCT(id INTEGER, tags VARCHAR[])[]);
            INSERT INTO t VALUES
              (1, [{'id': 1, 'tags': ['a', NULL, 'a longer one than inlined']}, NULL, {'id': NULL, 'tags': NULL}]),
              (2, []), (3, NULL), (4, [{'id': 9, 'tags': []}]);
            """);
        using var result = db.Connection.Query("SELECT x FROM t ORDER BY i");
        Assert.True(result.ReadChunk(out var chunk));

        var lists = chunk.Column(0);
        var structs = lists.Child();
        var ids = structs.Field("ID");
        var tags = structs.Field(1);
        var texts = tags.Child();
        Assert.Equal((0, 3), lists.GetListRange(0));
        Assert.Equal(1, ids.GetInt32(0));
        Assert.Equal((0, 3), tags.GetListRange(0));
        Assert.Equal("a longer one than inlined", texts.GetString(2));
        Assert.True(texts.IsNull(1));
        Assert.True(structs.IsNull(1));
        Assert.True(ids.IsNull(2));
        Assert.True(tags.IsNull(2));
        Assert.Equal(0, lists.GetListRange(1).Length);
        Assert.False(lists.IsNull(1));
        Assert.True(lists.IsNull(2));
        var (offset, length) = lists.GetListRange(3);
        Assert.Equal(1, length);
        Assert.Equal(9, ids.GetInt32(offset));
    }

    [Fact]
    public void Json_OfEveryKind_IsWhatItShouldBe()
    {
        using var db = new Db();
        using var result = db.Connection.Query(
            """
            SELECT 1 a, 2 a, NULL n, 12.50::DECIMAL(10,2) d, 99999999999999999999999999999999999999::DECIMAL(38,0) big, 'q"ż' s, true b, 1.5::DOUBLE f,
                   'nan'::DOUBLE nan, '2024-02-29 12:34:56'::TIMESTAMP t, '2024-02-29 12:34:56.0705+02'::TIMESTAMPTZ tz,
                   '2024-02-29'::DATE AS day, '\x01\x02'::BLOB bin,
                   [{'x': 1, 'y': [1.10::DECIMAL(4,2), NULL]}] l, MAP {'k': 1, 'l': NULL} m, MAP {7: 'x'} mi, [1, 2]::INTEGER[2] arr, '{"raw": [1]}'::JSON j,
                   union_value(num := 2) u, 'happy'::ENUM('sad', 'happy') e, '6f1e0c3a-0000-4abc-8def-ffffffffffff'::UUID id,
                   '1969-12-31 23:59:59.999999999'::TIMESTAMP_NS ns, '0044-03-15 (BC) 00:00:00'::TIMESTAMP bc
            """);
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        var readable = new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(buffer, readable))
            Assert.Equal(1, DuckJson.WriteRows(result, writer));

        Assert.Equal(
            """
            [{"a":1,"a_1":2,"n":null,"d":12.50,"big":99999999999999999999999999999999999999,"s":"q\"ż","b":true,"f":1.5,
            "nan":"NaN","t":"2024-02-29T12:34:56Z","tz":"2024-02-29T10:34:56.0705Z","day":"2024-02-29","bin":"AQI=",
            "l":[{"x":1,"y":[1.10,null]}],"m":{"k":1,"l":null},"mi":{"7":"x"},"arr":[1,2],"j":{"raw": [1]},
            "u":2,"e":"happy","id":"6f1e0c3a-0000-4abc-8def-ffffffffffff",
            "ns":"1969-12-31T23:59:59.999999999Z","bc":"0044-03-15 (BC)T00:00:00Z"}]
            """.ReplaceLineEndings(""),
            Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    [Fact]
    public async Task Json_OfALargeResult_IsFlushedAsItGoes()
    {
        using var db = new Db();
        using var result = db.Connection.Query("SELECT range AS i FROM range(50000)");
        using var stream = new MemoryStream();
        await using var writer = new Utf8JsonWriter(stream);

        Assert.Equal(50_000, await DuckJson.WriteRowsAsync(result, writer));

        Assert.InRange(writer.BytesPending, 0, 128 * 1024);
        await writer.FlushAsync();
        using var document = JsonDocument.Parse(stream.ToArray());
        Assert.Equal(49_999, document.RootElement[49_999].GetProperty("i").GetInt32());
    }
}
