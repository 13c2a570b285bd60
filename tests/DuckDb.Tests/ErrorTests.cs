namespace Pipeline.DuckDb.Tests;

public class ErrorTests
{
    [Theory]
    [InlineData("SELEC 1", DuckErrorType.Parser, 0, 1, 1)]
    [InlineData("SELECT 1,\n       absent\nFROM range(3)", DuckErrorType.Binder, 17, 2, 8)]
    [InlineData("SELECT 1\r\nFROM\r\n  no_such_table", DuckErrorType.Catalog, 18, 3, 3)]
    [InlineData("SELECT 'abc'::INTEGER", DuckErrorType.Conversion, 12, 1, 13)]
    public void Error_InOneStatement_HasItsPlace(string sql, DuckErrorType type, int position, int line, int column)
    {
        using var db = new Db();
        foreach (var run in new Action[] { () => db.Connection.Query(sql).Dispose(), () => db.Connection.Execute(sql) })
        {
            var error = Assert.Throws<DuckException>(run).Error;
            Assert.Equal((type, position, line, column), (error.Type, error.Position, error.Line, error.Column));
            Assert.Equal(sql, error.Sql);
        }
    }

    [Fact]
    public void Error_FarInALongLine_HasItsPlace()
    {
        using var db = new Db();
        var sql = $"SELECT {string.Join(", ", Enumerable.Range(0, 200))}, absent_column, {string.Join(", ", Enumerable.Range(0, 200))}";
        var error = Assert.Throws<DuckException>(() => db.Connection.Query(sql)).Error;
        Assert.Equal(sql.IndexOf("absent_column", StringComparison.Ordinal), error.Position);
        Assert.Equal(200, error.Sql.Length);
    }

    [Fact]
    public void Error_InALaterStatement_HasItsPlaceInTheWholeText()
    {
        using var db = new Db();
        var sql = "CREATE TABLE t (i INTEGER); -- ; one\nINSERT INTO t VALUES (1);\n\nSELECT i,\n  absent FROM t; SELECT 2";
        var error = Assert.Throws<DuckException>(() => db.Connection.Execute(sql)).Error;
        Assert.Equal((5, 3), (error.Line, error.Column));
        Assert.Equal(sql.IndexOf("absent", StringComparison.Ordinal), error.Position);
        Assert.Equal("SELECT i,\n  absent FROM t", error.Sql);
        Assert.Equal(1, db.Connection.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Error_OfSyntaxInALaterStatement_RunsNothing()
    {
        using var db = new Db();
        var error = Assert.Throws<DuckException>(() => db.Connection.Execute("CREATE TABLE t (i INTEGER);\nSELECT 1 FRM t")).Error;
        Assert.Equal((DuckErrorType.Parser, 2), (error.Type, error.Line));
        Assert.Equal(0, db.Connection.QueryInt64("SELECT count(*) FROM duckdb_tables()"));
    }

    [Fact]
    public void Error_AtRunTime_HasItsTypeAndNoPlace()
    {
        using var db = new Db();
        var error = Assert.Throws<DuckException>(() => db.Texts("SELECT CASE WHEN range = 9000 THEN error('boom') END FROM range(10000)")).Error;
        Assert.Equal(DuckErrorType.InvalidInput, error.Type);
        Assert.Contains("boom", error.Message, StringComparison.Ordinal);
        Assert.Null(error.Position);
        Assert.Equal(1, db.Connection.QueryInt64("SELECT 1"));
    }

    [Fact]
    public void Error_OfAnAbsentFile_IsTerminal()
    {
        using var db = new Db();
        Assert.Equal(
            DuckErrorType.IO, Assert.Throws<DuckException>(() => db.Connection.Query("SELECT * FROM read_parquet('/nowhere/x.parquet')")).Error.Type);
        Assert.ThrowsAny<TerminalException>(() => db.Connection.Execute("COPY (SELECT 1) TO '/nowhere/x.parquet' (FORMAT parquet)"));
    }

    [Fact]
    public void Error_OfABrokenFile_IsTerminal()
    {
        using var db = new Db();
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "this is not a parquet file at all");
            Assert.Throws<DuckException>(() => db.Connection.Query($"SELECT * FROM read_parquet({Sql.Literal(file)})"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Error_OfConflictingTransactions_IsTransient()
    {
        using var db = new Db();
        using var other = db.Database.Connect();
        db.Connection.Execute("CREATE TABLE t AS SELECT 1 AS i; BEGIN; UPDATE t SET i = 2");
        var error = Assert.Throws<DuckTransientException>(() => other.Execute("UPDATE t SET i = 3"));
        Assert.Equal(DuckErrorType.Transaction, error.Error.Type);
        Assert.Same(error.Error, DuckError.Of(error));
    }

    [Fact]
    public void Extension_ThatIsNotThere_IsNotFetched()
    {
        using var db = new Db();
        Assert.ThrowsAny<TerminalException>(() => db.Connection.Query("SELECT * FROM read_parquet('s3://bucket/x.parquet')"));
        Assert.ThrowsAny<TerminalException>(() => db.Connection.Execute("SELECT st_point(1, 2)"));
    }
}
