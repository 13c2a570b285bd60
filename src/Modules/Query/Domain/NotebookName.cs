namespace Pipeline.Query.Domain;

/// <summary>What may be a notebook's name: it is a file's name, and nothing of a path.</summary>
internal static class NotebookName
{
    public const int MaxLength = 100;

    public const string Rule = "must be 1 to 100 letters, digits, blanks, _ and -, begin with a letter or digit and not end in a blank";

    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= MaxLength } && char.IsAsciiLetterOrDigit(name[0]) && name[^1] != ' ' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '_' or '-');
}
