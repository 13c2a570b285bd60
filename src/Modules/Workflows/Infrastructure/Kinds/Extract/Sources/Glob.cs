using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources;

/// <summary>Patterns of paths: <c>*</c> and <c>?</c> within a segment, <c>[abc]</c>, <c>**</c> for any segments. Case counts.</summary>
internal sealed class Glob
{
    private static readonly char[] _special = ['*', '?', '['];

    private readonly Regex _regex;

    /// <summary>Reads a pattern, with <c>/</c> between segments.</summary>
    public Glob(string pattern)
    {
        Root = RootOf(pattern);
        IsDeep = pattern.Contains("**", StringComparison.Ordinal);
        Depth = pattern[Root.Length..].Count(c => c == '/');
        _regex = new Regex(Translate(pattern), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline);
    }

    /// <summary>The part before the first segment with a special character, with the slash at its end.</summary>
    public string Root { get; }

    /// <summary>Segments below the root that a match has before its last; not for a pattern that is deep.</summary>
    public int Depth { get; }

    /// <summary>Whether matches may be at any depth.</summary>
    public bool IsDeep { get; }

    /// <summary>Whether a path is a pattern.</summary>
    public static bool IsPattern(string path) => path.IndexOfAny(_special) >= 0;

    /// <summary>Whether a path matches.</summary>
    public bool IsMatch(string path) => _regex.IsMatch(path);

    private static string RootOf(string pattern)
    {
        var special = pattern.IndexOfAny(_special);
        return pattern[..((special < 0 ? pattern : pattern[..special]).LastIndexOf('/') + 1)];
    }

    private static string Translate(string pattern)
    {
        var regex = new StringBuilder("^");
        for (var at = 0; at < pattern.Length; at++)
        {
            switch (pattern[at])
            {
                case '*' when pattern.AsSpan(at).StartsWith("**/"):
                    regex.Append("(?:.*/)?");
                    at += 2;
                    break;
                case '*' when pattern.AsSpan(at).StartsWith("**"):
                    regex.Append(".*");
                    at++;
                    break;
                case '*':
                    regex.Append("[^/]*");
                    break;
                case '?':
                    regex.Append("[^/]");
                    break;
                case '[' when pattern.IndexOf(']', at + 1) is var close and > 0:
                    regex.Append(Set(pattern[(at + 1)..close]));
                    at = close;
                    break;
                default:
                    regex.Append(Regex.Escape(pattern[at].ToString()));
                    break;
            }
        }

        return regex.Append('$').ToString();
    }

    private static string Set(string characters)
    {
        var negated = characters.StartsWith('!');
        var escaped = characters[(negated ? 1 : 0)..]
            .Replace("\\", @"\\", StringComparison.Ordinal)
            .Replace("[", @"\[", StringComparison.Ordinal)
            .Replace("^", @"\^", StringComparison.Ordinal);
        return $"[{(negated ? "^" : "")}{escaped}]";
    }
}
