namespace Pipeline.DuckDb.Tests;

public class StatementTests
{
    [Fact]
    public void Execute_SeveralStatements_SumsChangedRows()
    {
        using var db = new Db();
        Assert.Equal(5, db.Connection.Execute(
            """
            CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1), (2), (3); /* ; */
            UPDATE t SET i = i + 1 WHERE i > 2; SELECT * FROM t; DELETE FROM t WHERE i = 1;
            """));
        Assert.Equal(["2", "4"], db.Texts("SELECT i FROM t ORDER BY i"));
        Assert.Equal(0, db.Connection.Execute(""));
        Assert.Equal(0, db.Connection.Execute("-- nothing"));
    }

    [Theory]
    [InlineData("SELECT 1; SELECT 2;", "SELECT 1", " SELECT 2")]
    [InlineData("SELECT ';' || $$a;b$$ || $x$;$$;$x$ AS \"a;\"; SELECT 2", "SELECT ';' || $$a;b$$ || $x$;$$;$x$ AS \"a;\"", " SELECT 2")]
    [InlineData("SELECT 'it''s;' /* ; /* ; */ ; */ -- ;\n; SELECT 2", "SELECT 'it''s;' /* ; /* ; */ ; */ -- ;\n", " SELECT 2")]
    [InlineData("SELECT E'a\\';' ; SELECT 2", "SELECT E'a\\';' ", " SELECT 2")]
    [InlineData("SELECT 'a\\'; SELECT 2", "SELECT 'a\\'", " SELECT 2")]
    [InlineData("SELECT 1 - -1, 4 / 2; SELECT 'open", "SELECT 1 - -1, 4 / 2", " SELECT 'open")]
    [InlineData("SELECT $1, $name;;", "SELECT $1, $name", "")]
    [InlineData("")]
    public void Split_OfSeveralStatements_CutsBetweenThem(string sql, params string[] parts) =>
        Assert.Equal(parts, SqlPart.Split(sql).Select(p => p.Text));

    [Fact]
    public void Query_OfSeveralStatements_ReturnsTheLast()
    {
        using var db = new Db();
        Assert.Equal(["7"], db.Texts("CREATE TABLE t AS SELECT 7 AS i; SELECT i FROM t;"));
        Assert.Throws<ArgumentException>(() => db.Connection.Query(" -- nothing"));
        Assert.Throws<ArgumentException>(() => db.Connection.Prepare("SELECT 1; SELECT 2"));
        using var pivot = db.Connection.Query("PIVOT (VALUES ('a', 1), ('b', 2)) v(k, n) ON k USING sum(n)");
        Assert.Equal(["a", "b"], pivot.Columns.Select(c => c.Name));
    }

    [Fact]
    public void Execute_SelectOfManyRows_DrainsWithoutKeepingThem()
    {
        using var db = new Db(new DuckOptions { MemoryLimitBytes = 64 << 20, Threads = 2 });
        Assert.Equal(0, db.Connection.Execute("SELECT range, 'some text ' || range FROM range(5000000)"));
    }

    [Fact]
    public void Statement_ParametersOfEveryType_ComeBack()
    {
        using var db = new Db();
        using var statement = db.Connection.Prepare(
            """
            SELECT unnest([typeof($1), $1::VARCHAR, typeof($2), $2::VARCHAR, typeof($3), $3::VARCHAR, typeof($4), $4::VARCHAR, typeof($5), $5::VARCHAR,
                           typeof($6), $6::VARCHAR, typeof($7), $7::VARCHAR, typeof($8), $8::VARCHAR, typeof($9), $9::VARCHAR, typeof($10), $10::VARCHAR])
            """);
        Assert.Equal(10, statement.ParameterCount);
        statement.Bind(1, "text \0 ż");
        statement.Bind(2, long.MinValue);
        statement.Bind(3, int.MinValue);
        statement.Bind(4, 0.1);
        statement.Bind(5, true);
        statement.Bind(6, -0.0000000000000000000000000001m);
        statement.Bind(7, new DateTimeOffset(2024, 2, 29, 12, 0, 0, TimeSpan.FromHours(2)));
        statement.Bind(8, new DateOnly(1900, 1, 1));
        statement.BindBlob(9, [0, 255]);
        statement.BindNull(10);
        using var result = statement.Query();

        Assert.Equal(
            [
                "VARCHAR", "text \0 ż", "BIGINT", "-9223372036854775808", "INTEGER", "-2147483648", "DOUBLE", "0.1", "BOOLEAN", "true",
                "DECIMAL(28,28)", "-.0000000000000000000000000001", "TIMESTAMP WITH TIME ZONE", "2024-02-29 10:00:00+00", "DATE", "1900-01-01",
                "BLOB", "\\x00\\xFF", "\"NULL\"", null,
            ],
            Db.Texts(result));
    }

    [Fact]
    public void Statement_RunAgain_KeepsBindingsUntilCleared()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (id INTEGER, name VARCHAR)");
        using var insert = db.Connection.Prepare("INSERT INTO t VALUES ($id, $name)");
        insert.Bind("name", "same"u8);
        for (var i = 0; i < 3; i++)
        {
            insert.Bind("$id", i);
            Assert.Equal(1, insert.Execute());
        }

        Assert.Equal(["0 same", "1 same", "2 same"], db.Texts("SELECT id || ' ' || name FROM t ORDER BY id"));
        insert.ClearBindings();
        var error = Assert.Throws<DuckException>(() => insert.Execute());
        Assert.Contains("parameter", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Statement_WrongParameter_IsRefused()
    {
        using var db = new Db();
        using var statement = db.Connection.Prepare("SELECT $a::INTEGER");
        Assert.Throws<ArgumentOutOfRangeException>(() => statement.Bind(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => statement.Bind(2, 1));
        Assert.Throws<ArgumentException>(() => statement.Bind("b", 1));
        Assert.Throws<ArgumentException>(() => statement.Bind(1, [0xC3, 0x28]));
        Assert.ThrowsAny<ArgumentException>(() => statement.Bind(1, "\uD83D"));
        statement.Bind("a", 5);
        using var result = statement.Query();
        Assert.Equal(["5"], Db.Texts(result));
    }

    [Fact]
    public void Returning_NotRead_IsCarriedOutAllTheSame()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (i BIGINT)");
        using (var result = db.Connection.Query("INSERT INTO t SELECT range FROM range(10000) RETURNING i"))
            Assert.True(result.ReadChunk(out _));
        Assert.Equal(10_000, db.Connection.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Literal_OfHostileTexts_IsTheText()
    {
        using var db = new Db();
        foreach (var text in new[] { "", "'", "''", "a'b\"c\\d", "'; DROP TABLE t; --", "\n\t\r", "ż😀", "nul \0 in it", "\0", "$1 ? {}" })
            Assert.Equal(text, db.Connection.QueryString($"SELECT {Sql.Literal(text)}"));
    }

    [Fact]
    public void Identifier_OfHostileNames_IsTheName()
    {
        using var db = new Db();
        foreach (var name in new[] { "a b", "select", "quo\"te", "'", "ż😀", "a.b" })
        {
            using var result = db.Connection.Query($"SELECT 1 AS {Sql.Identifier(name)}");
            Assert.Equal(name, result.Columns[0].Name);
        }

        Assert.Throws<ArgumentException>(() => Sql.Identifier("a\0b"));
        Assert.Throws<ArgumentException>(() => Sql.Identifier(""));
        Assert.Throws<ArgumentException>(() => db.Connection.Execute("SELECT 1\0"));
    }

    [Fact]
    public void Copy_ToParquetAndBack_KeepsTypesAndCounts()
    {
        using var db = new Db();
        var folder = Directory.CreateTempSubdirectory("duck-test-");
        try
        {
            var file = Sql.Literal(Path.Combine(folder.FullName, "it's.parquet"));
            Assert.Equal(3, db.Connection.Execute(
                $"COPY (SELECT range AS i, [{{'a': range / 2::DECIMAL(18,2)}}] AS l FROM range(3)) TO {file} (FORMAT parquet, COMPRESSION zstd)"));
            Assert.Equal(3, db.Connection.QueryInt64($"SELECT count(*) FROM read_parquet({file})"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
