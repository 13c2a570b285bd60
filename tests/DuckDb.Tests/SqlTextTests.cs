using FsCheck;
using FsCheck.Fluent;

namespace Pipeline.DuckDb.Tests;

public sealed class SqlTextTests
{
    [Fact]
    public void Parse_SemicolonsInTextsAndComments_EndNoStatement()
    {
        var text = SqlText.Parse("a.sql", """
            -- one; two
            SELECT ';', ";", e'\';', $$ ; $$, $t$ ; $$ $t$ /* ; /* ; */ ; */;
            ;
            SELECT 2 -- end;
            """);
        Assert.Equal(2, text.Statements.Count);
        Assert.Equal("\n\n\nSELECT 2 -- end;", string.Join('\n', text.Statements[1].Render([]).Split(Environment.NewLine)));
    }

    [Theory]
    [InlineData("SELECT $a, '$b', \"$c\", $$ $d $$, x$e, $1 -- $f", "$a")]
    [InlineData("SELECT $a::INT+$b", "$a $b")]
    [InlineData("SELECT e'it\\'s $a', $b", "$b")]
    public void Parse_Parameters_AreThoseOutsideTextsAndNames(string sql, string expected)
    {
        var statement = SqlText.Parse("a.sql", sql).Statements[0];
        var found = Enumerable.Range(0, statement.Tokens.Count).Where(i => statement.Tokens[i].Kind == SqlTokenKind.Parameter).Select(i => statement[i].ToString());
        Assert.Equal(expected, string.Join(' ', found));
    }

    [Theory]
    [InlineData("SELECT * FROM lake('a/b')", 1)]
    [InlineData("SELECT * FROM LAKE ( 'a' ) x JOIN lake('b') y", 2)]
    [InlineData("SELECT 'lake(''a'')' -- lake('x')", 0)]
    [InlineData("SELECT other.lake('a'), \"lake\"('a'), lake", 0)]
    public void Parse_CallsOfLake_AreFoundOutsideTextsAndComments(string sql, int expected)
    {
        var statement = SqlText.Parse("a.sql", sql).Statements[0];
        Assert.Equal(expected, Enumerable.Range(0, statement.Tokens.Count).Count(i => statement.IsCall(i, "lake")));
    }

    [Fact]
    public void Render_Replacement_KeepsLinesWhereTheyWere()
    {
        var statement = SqlText.Parse("a.sql", "SELECT 1;\nSELECT *\nFROM lake(\n'a'\n)\nWHERE x").Statements[1];
        var call = Enumerable.Range(0, statement.Tokens.Count).Single(i => statement.IsCall(i, "lake"));
        var lines = statement.Render([(call, call + 3, "T")]).Split('\n');
        Assert.Equal("WHERE x", lines[5]);
        Assert.Equal(["", "", "SELECT *", "FROM T", "", "", "WHERE x"], ["", .. lines]);
    }

    [Fact]
    public void Parse_AnyText_NeitherFailsNorLosesAnything()
    {
        var pieces = Gen.Elements("'", "''", "\"", "--", "/*", "*/", "\n", ";", "$", "$$", "$a", "e'", "\\", "lake('a')", "SELECT", " ", "ü", "1");
        Prop.ForAll(Arb.From(Gen.ListOf(pieces).Select(p => string.Concat(p))), sql =>
        {
            var text = SqlText.Parse("a.sql", sql);
            foreach (var statement in text.Statements)
            {
                var rendered = statement.Render([]).TrimStart('\n');
                Assert.Contains(rendered, sql, StringComparison.Ordinal);
                Assert.All(statement.Tokens, t => Assert.InRange(t.End, t.Start + 1, sql.Length));
            }
        }).QuickCheckThrowOnFailure();
    }
}
