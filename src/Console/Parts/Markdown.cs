using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Microsoft.AspNetCore.Components;

namespace Pipeline.Console.Parts;

/// <summary>Markdown as HTML: without any HTML of its own, and with links that lead somewhere but run nothing.</summary>
internal static class Markdown
{
    private static readonly MarkdownPipeline _pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseAutoLinks().Build();

    /// <summary>The HTML of a text.</summary>
    public static MarkupString Render(string text)
    {
        var document = Markdig.Markdown.Parse(text, _pipeline);
        foreach (var link in document.Descendants<LinkInline>())
        {
            if (!IsHarmless(link.Url))
                link.Url = "";
        }

        foreach (var link in document.Descendants<AutolinkInline>())
        {
            if (!link.IsEmail && !IsHarmless(link.Url))
                link.Url = "";
        }

        return new MarkupString(document.ToHtml(_pipeline));
    }

    private static bool IsHarmless(string? address) =>
        address is not null && (!Uri.TryCreate(address, UriKind.Absolute, out var absolute) || absolute.Scheme is "http" or "https" or "mailto" || address.StartsWith('/'))
        && !address.TrimStart().StartsWith("javascript:", StringComparison.OrdinalIgnoreCase);
}
