using System.Diagnostics;

namespace Pipeline.DuckDb.Tests;

/// <summary>Runs after the other tests, which would show in the memory of the process.</summary>
[Collection("Alone")]
public class MemoryTests
{
    [Fact]
    public void Query_OfFiftyMillionRowsStoppedEarly_HoldsFewOfThem()
    {
        // All rows would be 50,000,000 x 100 bytes; the limit leaves room for a hundredth of them.
        using var db = new Db(new DuckOptions { MemoryLimitBytes = 50 << 20, Threads = 2 });
        var before = Process.GetCurrentProcess().WorkingSet64;
        using (var result = db.Connection.Query("SELECT range AS i, repeat('x', 100) AS s FROM range(50000000)"))
        {
            for (var i = 0; i < 50; i++)
                Assert.True(result.ReadChunk(out _));
        }

        Assert.InRange(Process.GetCurrentProcess().WorkingSet64 - before, long.MinValue, 200 << 20);
        Assert.Equal(1, db.Connection.QueryInt64("SELECT 1"));
    }
}

[CollectionDefinition("Alone", DisableParallelization = true)]
public class AloneCollection;
