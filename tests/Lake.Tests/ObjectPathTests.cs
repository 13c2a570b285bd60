namespace Pipeline.Lake.Tests;

public sealed class ObjectPathTests
{
    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("./a")]
    [InlineData("..")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    public void Parse_NotAPath_IsRefused(string text)
    {
        Assert.False(ObjectPath.TryParse(text, out _));
        Assert.Throws<TerminalException>(() => ObjectPath.Parse(text));
    }

    [Fact]
    public void Parse_LongerThanAKeyMayBe_IsRefused()
    {
        Assert.True(ObjectPath.TryParse(new string('a', 1024), out _));
        Assert.False(ObjectPath.TryParse(new string('a', 1025), out _));
        Assert.False(ObjectPath.TryParse(new string('é', 513), out _));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a/b=c d/..e/f%2F.parquet")]
    [InlineData("été/🙂")]
    public void Parse_Path_KeepsItsText(string text) => Assert.Equal(text, ObjectPath.Parse(text).Value);

    [Fact]
    public void Parts_OfAPath_AreItsSegments()
    {
        var path = ObjectPath.Parse("a/b/c.json");
        Assert.Equal("c.json", path.Name);
        Assert.Equal("a/b", path.Parent.Value);
        Assert.Equal("a", path.Parent.Parent.Value);
        Assert.True(path.Parent.Parent.Parent.IsRoot);
        Assert.Equal("b/c.json", path.RelativeTo(ObjectPath.Parse("a")));
        Assert.Equal("a/b/c.json", path.RelativeTo(ObjectPath.Root));
        Assert.Equal(path, ObjectPath.Parse("a").Combine("b/c.json"));
        Assert.Equal(path, ObjectPath.Root.Combine("a/b/c.json"));
    }

    [Theory]
    [InlineData("a/b", "a", true)]
    [InlineData("a", "a", false)]
    [InlineData("ab/c", "a", false)]
    public void IsBelow_Ancestor_ComparesWholeSegments(string path, string ancestor, bool below) =>
        Assert.Equal(below, ObjectPath.Parse(path).IsBelow(ObjectPath.Parse(ancestor)));
}
