namespace Pipeline.DuckDb.Tests;

/// <summary>Streaming, cancellation, limits, lifetimes, threads.</summary>
public class ExecutionTests
{
    private const string Endless = "SELECT count(*) FROM range(100000000000) a WHERE a.range % 7 = 8";

    [Fact]
    public void Result_DisposedEarly_EndsItsTransaction()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t AS SELECT range AS i FROM range(1000000)");
        using (var result = db.Connection.Query("SELECT * FROM t"))
            Assert.True(result.ReadChunk(out _));

        // A transaction that still read the table would make this fail.
        using var other = db.Database.Connect();
        other.Execute("ALTER TABLE t ADD COLUMN j INTEGER; DROP TABLE t");
    }

    [Fact]
    public void Result_WhenALaterCommandRuns_SaysThatItEnded()
    {
        using var db = new Db();
        using var first = db.Connection.Query("SELECT * FROM range(1000000)");
        Assert.True(first.ReadChunk(out var chunk));
        var kept = chunk.Column(0).Span<long>()[5];

        Assert.Equal(2, db.Connection.QueryInt64("SELECT 2"));

        Assert.Equal(5, kept);
        Assert.Equal(5, chunk.Column(0).GetInt64(5));
        Assert.Throws<InvalidOperationException>(() => first.ReadChunk(out _));
    }

    [Fact]
    public void Result_ThatSearchesOnWithoutRows_IsEndedAtOnce()
    {
        // After the first rows the workers search for hours and find nothing.
        const string sql = "SELECT range FROM range(100000000000) WHERE range < 3000000 OR range % 7 = 8";
        using var db = new Db();
        using (var disposed = db.Connection.Query(sql))
            Assert.True(disposed.ReadChunk(out _));
        using var overtaken = db.Connection.Query(sql);
        Assert.Equal(1, db.Connection.QueryInt64("SELECT 1"));
        using var left = db.Connection.Query(sql);
        Assert.True(left.ReadChunk(out _));
        db.Connection.Execute("CREATE TABLE t (i INTEGER)");
        using var appended = db.Connection.Query(sql);
        using var appender = db.Connection.CreateAppender("t");
        using var forgotten = db.Database.Connect().Query(sql);
    }

    [Fact]
    public void Result_EndedInsideATransaction_LeavesItIntact()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (i INTEGER); BEGIN; INSERT INTO t VALUES (1)");
        using (var result = db.Connection.Query("SELECT * FROM range(50000000)"))
            Assert.True(result.ReadChunk(out _));
        db.Connection.Execute("COMMIT");
        Assert.Equal(1, db.Connection.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Vector_KeptBeyondItsChunk_SaysSo()
    {
        using var db = new Db();
        var result = db.Connection.Query("SELECT * FROM range(10000)");
        Assert.True(result.ReadChunk(out var chunk));
        var stale = chunk.Column(0);
        Assert.True(result.ReadChunk(out _));
        var thrown = false;
        try
        {
            _ = stale.GetInt64(0);
        }
        catch (ObjectDisposedException)
        {
            thrown = true;
        }

        Assert.True(thrown);
        result.Dispose();
        Assert.Throws<ObjectDisposedException>(() => chunk.Column(0).GetInt64(0));
    }

    [Fact]
    public async Task Execute_Cancelled_ThrowsTheCallersTokenAndStaysUsable()
    {
        using var db = new Db();
        for (var i = 0; i < 3; i++)
        {
            using var source = new CancellationTokenSource();
            var running = Task.Run(() => db.Connection.Execute(Endless, source.Token));
            source.CancelAfter(TimeSpan.FromMilliseconds(50));
            var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            Assert.Equal(source.Token, error.CancellationToken);
            Assert.Equal(42, db.Connection.QueryInt64("SELECT 42"));
        }
    }

    [Fact]
    public void Query_TokenAlreadyCancelled_DoesNotRun()
    {
        using var db = new Db();
        Assert.ThrowsAny<OperationCanceledException>(() => db.Connection.Execute("CREATE TABLE t (i INTEGER)", new CancellationToken(true)));
        Assert.Equal(0, db.Connection.QueryInt64("SELECT count(*) FROM duckdb_tables()"));
    }

    [Fact]
    public void ReadChunk_Cancelled_EndsTheStream()
    {
        using var db = new Db();
        using var source = new CancellationTokenSource();
        using var result = db.Connection.Query("SELECT * FROM range(50000000)", source.Token);
        Assert.True(result.ReadChunk(out _));
        source.Cancel();
        var error = Assert.ThrowsAny<OperationCanceledException>(() => result.ReadChunk(out _));
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal(1, db.Connection.QueryInt64("SELECT 1"));
    }

    [Fact]
    public async Task ReadChunk_CancelledWhileItWaits_Ends()
    {
        using var db = new Db();
        using var source = new CancellationTokenSource();
        // After the first rows none passes the filter, so the reader waits inside the library.
        using var result = db.Connection.Query("SELECT range FROM range(100000000000) WHERE range < 3000000 OR range % 7 = 8", source.Token);
        var reading = Task.Run(() =>
        {
            while (result.ReadChunk(out _))
            {
            }
        });
        source.CancelAfter(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(1, db.Connection.QueryInt64("SELECT 1"));
    }

    [Fact]
    public async Task Interrupt_FromAnotherThread_EndsTheQuery()
    {
        using var db = new Db();
        var running = Task.Run(() => db.Connection.Execute(Endless));
        // An interrupt before the query has started is forgotten, so ask until it ends.
        while (!running.IsCompleted)
        {
            db.Connection.Interrupt();
            await Task.WhenAny(running, Task.Delay(5));
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(1, db.Connection.QueryInt64("SELECT 1"));
    }

    [Fact]
    public async Task Cancellation_RacingTheEndOfAQuery_NeverHitsTheNext()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t AS SELECT range AS i FROM range(20000)");
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            using var source = new CancellationTokenSource();
            var delay = random.Next(0, 3_000);
            var cancelling = Task.Run(() =>
            {
                for (var spin = 0; spin < delay; spin++)
                    Thread.SpinWait(10);
                source.Cancel();
            });
            try
            {
                _ = db.Connection.QueryInt64("SELECT sum(i * i) FROM t", source.Token);
            }
            catch (OperationCanceledException)
            {
            }

            // Either way the next one, which nobody cancels, must give its answer.
            Assert.Equal(199_990_000, db.Connection.QueryInt64("SELECT sum(i) FROM t"));
            await cancelling;
        }
    }

    [Fact]
    public void Query_BeyondTheMemoryLimit_IsTransientAndLeavesTheDatabaseUsable()
    {
        using var db = new Db(new DuckOptions { MemoryLimitBytes = 20 << 20, Threads = 2 });
        var error = Assert.Throws<DuckTransientException>(
            () => db.Connection.Execute("CREATE TABLE t AS SELECT range AS i, md5(range::VARCHAR) AS s FROM range(5000000) ORDER BY s"));
        Assert.Equal(DuckErrorType.OutOfMemory, error.Error.Type);
        Assert.Equal(1, db.Connection.QueryInt64("SELECT 1"));
    }

    [Fact]
    public void Query_BeyondTheMemoryLimitWithATempDirectory_Spills()
    {
        var folder = Directory.CreateTempSubdirectory("duck-test-");
        try
        {
            using var db = new Db(new DuckOptions { MemoryLimitBytes = 30 << 20, Threads = 2, TempDirectory = folder.FullName, MaxTempBytes = 2L << 30 });
            Assert.Equal(600_000, db.Connection.QueryInt64(
                "SELECT count(*) FROM (SELECT range AS i, md5(range::VARCHAR) AS s FROM range(600000) ORDER BY s)"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Connections_OnEightThreads_WorkSideBySide()
    {
        using var db = new Db();
        db.Connection.Execute("CREATE TABLE t (worker INTEGER, i INTEGER)");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            using var connection = db.Database.Connect();
            using var appender = connection.CreateAppender("t");
            for (var i = 0; i < 5_000; i++)
            {
                appender.BeginRow();
                appender.Append(worker);
                appender.Append(i);
                appender.EndRow();
            }

            appender.Close();
            for (var i = 0; i < 10; i++)
                Assert.Equal(5_000L * 4_999 / 2, connection.QueryInt64($"SELECT sum(i) FROM t WHERE worker = {worker}"));
        })));
        Assert.Equal(40_000, db.Connection.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task Connection_UsedByTwoThreads_RefusesTheSecond()
    {
        using var db = new Db();
        using var source = new CancellationTokenSource();
        // Either side may be the one that is refused first; the long query tries again until it runs, and then it is the other side's turn.
        var running = Task.Run(() => Refused(() => db.Connection.Execute(Endless, source.Token), once: false));
        var refused = Refused(() => db.Connection.Execute("SELECT 1"), once: true);

        Assert.Contains("another thread", refused.Message, StringComparison.Ordinal);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        static InvalidOperationException Refused(Action action, bool once)
        {
            while (true)
            {
                try
                {
                    action();
                }
                catch (InvalidOperationException e)
                {
                    if (once)
                        return e;
                }
            }
        }
    }

    [Fact]
    public void Disposal_InAnyOrder_LeavesWhatIsStillOpenUsable()
    {
        var database = DuckDatabase.Open(new DuckOptions { Threads = 2 });
        var connection = database.Connect();
        connection.Execute("CREATE TABLE t (i INTEGER)");
        var appender = connection.CreateAppender("t");
        var statement = connection.Prepare("SELECT * FROM range(?::BIGINT)");
        statement.Bind(1, 100_000);
        database.Dispose();
        connection.Dispose();
        database.Dispose();

        appender.BeginRow();
        appender.Append(1);
        appender.EndRow();
        appender.Close();
        var result = statement.Query();
        statement.Dispose();
        var rows = 0;
        while (result.ReadChunk(out var chunk))
            rows += chunk.RowCount;
        Assert.Equal(100_000, rows);
        result.Dispose();
        result.Dispose();

        Assert.Throws<ObjectDisposedException>(() => database.Connect());
        Assert.Throws<ObjectDisposedException>(() => connection.Execute("SELECT 1"));
        Assert.Throws<ObjectDisposedException>(() => connection.Query("SELECT 1"));
        Assert.Throws<ObjectDisposedException>(() => connection.Prepare("SELECT 1"));
        Assert.Throws<ObjectDisposedException>(() => connection.CreateAppender("t"));
        Assert.Throws<ObjectDisposedException>(() => statement.Bind(1, 1));
        Assert.Throws<ObjectDisposedException>(() => statement.Query());
        Assert.Throws<ObjectDisposedException>(() => result.ReadChunk(out _));
        Assert.Throws<ObjectDisposedException>(appender.BeginRow);
        connection.Interrupt();
    }

    [Fact]
    public void Finalisers_OfForgottenObjects_DoNotHarm()
    {
        for (var i = 0; i < 5; i++)
        {
            Forget();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        using var db = new Db();
        Assert.Equal(1, db.Connection.QueryInt64("SELECT 1"));

        static void Forget()
        {
            var connection = DuckDatabase.Open(new DuckOptions { Threads = 2 }).Connect();
            connection.Execute("CREATE TABLE t (i INTEGER)");
            var appender = connection.CreateAppender("t");
            appender.BeginRow();
            appender.Append(1);
            appender.EndRow();
            var result = connection.Prepare("SELECT * FROM range(10000000)").Query();
            Assert.True(result.ReadChunk(out _));
        }
    }

    [Fact]
    public void Database_FileOpenedAgain_HasItsRows()
    {
        var folder = Directory.CreateTempSubdirectory("duck-test-");
        try
        {
            var options = new DuckOptions { Path = Path.Combine(folder.FullName, "a.duckdb"), Threads = 2 };
            using (var db = new Db(options))
                db.Connection.Execute("CREATE TABLE t AS SELECT 7 AS i");
            using (var db = new Db(options))
                Assert.Equal(7, db.Connection.QueryInt64("SELECT i FROM t"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Settings_AreApplied()
    {
        using var db = new Db(new DuckOptions
        {
            Threads = 3, MemoryLimitBytes = 100_000_000, Settings = new Dictionary<string, string> { ["preserve_insertion_order"] = "false" },
        });
        Assert.Equal("3", db.Connection.QueryString("SELECT current_setting('threads')"));
        Assert.Equal("95.3 MiB", db.Connection.QueryString("SELECT current_setting('memory_limit')"));
        Assert.Equal("false", db.Connection.QueryString("SELECT current_setting('preserve_insertion_order')"));
        Assert.Equal("UTC", db.Connection.QueryString("SELECT current_setting('TimeZone')"));
        Assert.Equal("false", db.Connection.QueryString("SELECT current_setting('autoinstall_known_extensions')"));
        Assert.Equal("false", db.Connection.QueryString("SELECT current_setting('autoload_known_extensions')"));
        Assert.StartsWith("v1.5", DuckDatabase.LibraryVersion, StringComparison.Ordinal);
        var error = Assert.Throws<DuckException>(
            () => DuckDatabase.Open(new DuckOptions { Settings = new Dictionary<string, string> { ["no_such_setting"] = "1" } }));
        Assert.Contains("no_such_setting", error.Message, StringComparison.Ordinal);
    }
}
