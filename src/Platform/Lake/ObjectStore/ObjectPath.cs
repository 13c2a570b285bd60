using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Pipeline.Lake;

/// <summary>
/// Where an object is within a store: segments divided by <c>/</c>, no leading or trailing slash, no empty, <c>.</c> or <c>..</c> segment,
/// no NUL and no backslash, at most 1,024 bytes of UTF-8. The default value is the root.
/// </summary>
public readonly record struct ObjectPath : IComparable<ObjectPath>
{
    private const int MaxBytes = 1024;

    private readonly string? _value;

    private ObjectPath(string value) => _value = value;

    /// <summary>The root of the store; no object has this path.</summary>
    public static ObjectPath Root => default;

    /// <summary>The path as text; empty for the root.</summary>
    public string Value => _value ?? "";

    /// <summary>True for the root.</summary>
    public bool IsRoot => Value.Length == 0;

    /// <summary>The last segment.</summary>
    public string Name => Value[(Value.LastIndexOf('/') + 1)..];

    /// <summary>The path without its last segment; the root's parent is the root.</summary>
    public ObjectPath Parent => Value.LastIndexOf('/') is var slash and > 0 ? new ObjectPath(Value[..slash]) : default;

    /// <summary>Reads a path.</summary>
    /// <exception cref="TerminalException">The text is not a valid path; the message says why.</exception>
    public static ObjectPath Parse(string path) =>
        Problem(path) is { } problem ? throw new TerminalException($"'{path}' is not a valid object path: {problem}.") : new ObjectPath(path);

    /// <summary>Reads a path; false where it is not valid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? path, out ObjectPath result)
    {
        var valid = path is not null && Problem(path) is null;
        result = valid ? new ObjectPath(path!) : default;
        return valid;
    }

    /// <summary>The path of something below this one.</summary>
    /// <param name="relative">A valid relative path, one segment or more.</param>
    /// <exception cref="TerminalException">The result is not a valid path.</exception>
    public ObjectPath Combine(string relative) => Parse(IsRoot ? relative : $"{Value}/{relative}");

    /// <summary>True where this path is below <paramref name="ancestor"/>; every path but the root is below the root.</summary>
    public bool IsBelow(ObjectPath ancestor) =>
        ancestor.IsRoot
            ? !IsRoot
            : Value.Length > ancestor.Value.Length + 1 && Value[ancestor.Value.Length] == '/' && Value.StartsWith(ancestor.Value, StringComparison.Ordinal);

    /// <summary>The part below <paramref name="ancestor"/>.</summary>
    /// <exception cref="TerminalException">This path is not below it.</exception>
    public string RelativeTo(ObjectPath ancestor)
    {
        if (!IsBelow(ancestor))
            throw new TerminalException($"'{Value}' is not below '{ancestor.Value}'.");
        return ancestor.IsRoot ? Value : Value[(ancestor.Value.Length + 1)..];
    }

    /// <summary>Lexical order, as a listing has it.</summary>
    public int CompareTo(ObjectPath other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>The path as text.</summary>
    public override string ToString() => Value;

    /// <summary>Lexical order.</summary>
    public static bool operator <(ObjectPath left, ObjectPath right) => left.CompareTo(right) < 0;

    /// <summary>Lexical order.</summary>
    public static bool operator >(ObjectPath left, ObjectPath right) => left.CompareTo(right) > 0;

    /// <summary>Lexical order.</summary>
    public static bool operator <=(ObjectPath left, ObjectPath right) => left.CompareTo(right) <= 0;

    /// <summary>Lexical order.</summary>
    public static bool operator >=(ObjectPath left, ObjectPath right) => left.CompareTo(right) >= 0;

    private static string? Problem(string path)
    {
        if (path.Length == 0)
            return "it is empty";
        if (path.Contains('\0', StringComparison.Ordinal))
            return "it holds a NUL";
        if (path.Contains('\\', StringComparison.Ordinal))
            return "it holds a backslash";
        if (Encoding.UTF8.GetByteCount(path) > MaxBytes)
            return $"it is longer than {MaxBytes} bytes";
        foreach (var range in path.AsSpan().Split('/'))
        {
            switch (path.AsSpan(range))
            {
                case "":
                    return "it has an empty segment";
                case "." or "..":
                    return "it has the segment '.' or '..'";
            }
        }

        return null;
    }
}
