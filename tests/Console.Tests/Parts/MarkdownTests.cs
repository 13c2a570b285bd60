using Pipeline.Console.Parts;

namespace Pipeline.Console.Tests.Parts;

public class MarkdownTests
{
    [Fact]
    public void Render_OfText_IsHtml() => Assert.Equal("<h1>A</h1>\n<p><strong>b</strong></p>\n", Markdown.Render("# A\n\n**b**").Value);

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("[a](javascript:alert(1))")]
    [InlineData("[a](JaVaScRiPt:alert(1))")]
    [InlineData("[a]( javascript:alert(1))")]
    [InlineData("[a](data:text/html,<script>alert(1)</script>)")]
    [InlineData("<javascript:alert(1)>")]
    [InlineData("![a](vbscript:x)")]
    [InlineData("[a][1]\n\n[1]: javascript:alert(1)")]
    public void Render_OfHostileText_RunsNothing(string text)
    {
        var html = Markdown.Render(text).Value;
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img src=x", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch("(href|src)=\"\\s*(javascript|data|vbscript):", html.ToLowerInvariant());
    }

    [Theory]
    [InlineData("[a](/console/lake)", "/console/lake")]
    [InlineData("[a](lake/raw)", "lake/raw")]
    [InlineData("[a](https://example.org/x?y=1)", "https://example.org/x?y=1")]
    public void Render_OfALink_LeadsThere(string text, string address) => Assert.Contains($"href=\"{address}\"", Markdown.Render(text).Value, StringComparison.Ordinal);
}
