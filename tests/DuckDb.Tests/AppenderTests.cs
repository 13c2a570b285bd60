namespace Pipeline.DuckDb.Tests;

public class AppenderTests
{
    [Fact]
    public void Appender_EveryType_ComesBackAsWritten()
    {
        using var db = new Db();
        db.Connection.Execute(
            """
            CREATE TABLE t (a VARCHAR, b VARCHAR, c BIGINT, d INTEGER, e DOUBLE, f BOOLEAN, g DECIMAL(4,1), h DECIMAL(38,10), i TIMESTAMP, j TIMESTAMPTZ, 
                            k DATE, l BLOB, m INTEGER[], n UUID, o STRUCT(x INTEGER, y VARCHAR), p HUGEINT, q UTINYINT, r TIMESTAMP_NS, s FLOAT,
                            u DECIMAL(9,2), v ENUM('x','y'));
            """);
        var instant = new DateTimeOffset(2024, 2, 29, 12, 34, 56, TimeSpan.FromHours(2)).AddMicroseconds(123_456);
        using (var appender = db.Connection.CreateAppender("t"))
        {
            appender.BeginRow();
            appender.Append("text \0 with NUL and ż"u8);
            appender.Append("😀");
            appender.Append(long.MinValue);
            appender.Append(int.MaxValue);
            appender.Append(-0.1);
            appender.Append(true);
            appender.Append(-999.9m);
            appender.Append(1234567890123456789012345678m);
            appender.Append(instant);
            appender.Append(instant);
            appender.Append(new DateOnly(1900, 2, 28));
            appender.Append(new byte[] { 0, 255, 1 }.AsSpan());
            appender.Append("[1, NULL, 3]");
            appender.Append("6f1e0c3a-0000-4abc-8def-ffffffffffff"u8);
            appender.Append("{'x': 5, 'y': 'z'}");
            appender.Append(-5);
            appender.Append(255);
            appender.Append(instant);
            appender.Append(0.5);
            appender.Append(7);
            appender.Append("y");
            appender.EndRow();
            appender.BeginRow();
            for (var i = 0; i < appender.ColumnCount; i++)
                appender.AppendNull();
            appender.EndRow();
            appender.Close();
        }

        using var result = db.Connection.Query("SELECT * FROM t");
        Assert.True(result.ReadChunk(out var chunk));
        var values = new string[chunk.Columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            Assert.True(chunk.Column(i).IsNull(1));
            values[i] = chunk.Column(i).GetString(0);
        }

        Assert.Equal(
            [
                "text \0 with NUL and ż", "😀", "-9223372036854775808", "2147483647", "-0.1", "true", "-999.9", "1234567890123456789012345678.0000000000",
                "2024-02-29 10:34:56.123456", "2024-02-29 10:34:56.123456+00", "1900-02-28", "\\x00\\xFF\\x01", "[1,null,3]",
                "6f1e0c3a-0000-4abc-8def-ffffffffffff", """{"x":5,"y":"z"}""", "-5", "255", "2024-02-29 10:34:56.123456", "0.5", "7.00", "y",
            ],
            values);
    }

    [Fact]
    public void Appender_MillionRowsOfUtf8_AllocatesNothingPerRow()
    {
        const int rows = 1_000_000;
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (id BIGINT, name VARCHAR, amount DECIMAL(18,2))");
        var name = "a name that is longer than twelve bytes"u8;
        using var appender = db.Connection.CreateAppender("t");
        Append(appender, 5_000, name);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Append(appender, rows - 5_000, name);
        appender.Flush();
        var written = GC.GetAllocatedBytesForCurrentThread() - before;

        using var result = db.Connection.Query("SELECT id, name, amount FROM t");
        Assert.True(result.ReadChunk(out var chunk));
        long count = 0, bytes = 0, nulls = 0;
        Int128 sum = 0;
        before = GC.GetAllocatedBytesForCurrentThread();
        do
        {
            var ids = chunk.Column(0).Span<long>();
            var names = chunk.Column(1);
            var amounts = chunk.Column(2);
            for (var row = 0; row < ids.Length; row++)
            {
                count++;
                bytes += names.Utf8(row).Length;
                nulls += names.IsNull(row) ? 1 : 0;
                sum += amounts.GetInt128(row);
            }
        }
        while (result.ReadChunk(out chunk));
        var read = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(rows, count);
        Assert.Equal((rows - (rows / 10)) * (long)name.Length, bytes);
        Assert.Equal(rows / 10, nulls);
        Assert.Equal((Int128)rows * 199, sum);
        Assert.InRange(written, 0, 64 * 1024);
        Assert.InRange(read, 0, 64 * 1024);
    }

    [Fact]
    public void Appender_LongTexts_StayWhole()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (i INTEGER, s VARCHAR)");
        using (var appender = db.Connection.CreateAppender("t", "main"))
        {
            for (var i = 0; i < 300; i++)
            {
                appender.BeginRow();
                appender.Append(i);
                appender.Append(new string((char)('a' + (i % 26)), i * 1_000));
                appender.EndRow();
            }

            appender.Close();
        }

        Assert.Equal(300, db.Connection.QueryInt64("SELECT count(*) FROM t WHERE s = repeat(chr(97 + i % 26), i * 1000)"));
    }

    [Fact]
    public void Appender_DisposedWithoutClose_DropsRows()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (i INTEGER)");
        using (var appender = db.Connection.CreateAppender("t"))
        {
            for (var i = 0; i < 10_000; i++)
            {
                appender.BeginRow();
                appender.Append(i);
                appender.EndRow();
            }
        }

        Assert.Equal(0, db.Connection.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Appender_InTransaction_IsRolledBackWithIt()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (i INTEGER); BEGIN");
        using (var appender = db.Connection.CreateAppender("t"))
        {
            appender.BeginRow();
            appender.Append(1);
            appender.EndRow();
            appender.Close();
        }

        Assert.Equal(1, db.Connection.QueryInt64("SELECT count(*) FROM t"));
        db.Connection.Execute("ROLLBACK");
        Assert.Equal(0, db.Connection.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Appender_ConstraintViolated_FailsOnceAndStoresNothing()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (i INTEGER PRIMARY KEY)");
        using var appender = db.Connection.CreateAppender("t");
        for (var i = 0; i < 2; i++)
        {
            appender.BeginRow();
            appender.Append(7);
            appender.EndRow();
        }

        var error = Assert.Throws<DuckException>(appender.Close);
        Assert.Equal(DuckErrorType.Constraint, error.Error.Type);
        Assert.Throws<InvalidOperationException>(appender.BeginRow);
        appender.Dispose();
        Assert.Equal(0, db.Connection.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Appender_ValueThatDoesNotFit_IsRefusedAndTheRowCanBeCancelled()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (n VARCHAR, d DECIMAL(5,2), i UTINYINT)");
        using var appender = db.Connection.CreateAppender("t");

        appender.BeginRow();
        appender.AppendNull();
        Assert.Throws<TerminalException>(() => appender.Append(1.234m));
        Assert.Throws<TerminalException>(() => appender.Append(1000m));
        Assert.Throws<TerminalException>(() => appender.Append(1000));
        Assert.Throws<TerminalException>(() => appender.Append("1.5"));
        Assert.Throws<TerminalException>(() => appender.Append(true));
        appender.Append(-999.99m);
        Assert.Throws<TerminalException>(() => appender.Append(256));
        Assert.Throws<InvalidOperationException>(appender.EndRow);
        appender.CancelRow();

        appender.BeginRow();
        Assert.Throws<TerminalException>(() => appender.Append([0xC3, 0x28]));
        Assert.Throws<TerminalException>(() => appender.Append("half \uD83D"));
        appender.Append("ok");
        appender.Append(1.20m);
        appender.Append(0);
        Assert.Throws<InvalidOperationException>(appender.AppendNull);
        appender.EndRow();
        appender.Close();

        Assert.Equal(["ok 1.20 0"], db.Texts("SELECT n || ' ' || d || ' ' || i FROM t"));
    }

    [Fact]
    public void CreateAppender_OfMissingTable_SaysSo()
    {
        using var db = new Db();
        var error = Assert.Throws<DuckException>(() => db.Connection.CreateAppender("absent"));
        Assert.Equal(DuckErrorType.Catalog, error.Error.Type);
        Assert.Contains("absent", error.Message, StringComparison.Ordinal);
    }

    private static void Append(DuckAppender appender, int rows, ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < rows; i++)
        {
            appender.BeginRow();
            appender.Append((long)i);
            if (i % 10 == 0)
                appender.AppendNull();
            else
                appender.Append(name);
            appender.Append(1.99m);
            appender.EndRow();
        }
    }
}
