using Pipeline.Purchases.Infrastructure;
using Pipeline.Testing;

namespace Pipeline.Purchases.Tests;

public sealed class RowFileTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Complete_UsedAgainForLess_HoldsOnlyWhatWasWrittenLast(bool temporary)
    {
        using var folder = new TempDirectory();
        var path = folder.Path("sub", "rows.ndjson");
        using (var file = temporary ? RowFile.OpenTemporary(path) : RowFile.Open(() => path))
        {
            file.Write("a long text"u8);
            file.Write(" and more"u8);
            file.Complete();
            Assert.Equal("a long text and more", File.ReadAllText(file.Path));
            file.Reset();
            Assert.Equal(0, file.Length);
            file.Write("short"u8);
            file.Complete();
            Assert.Equal(5, file.Length);
            Assert.Equal("short", File.ReadAllText(file.Path));
        }

        Assert.False(File.Exists(path));
    }
}
