namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources;

/// <summary>Finds the longest record of a CSV whose quotes are doubled quotes, while its bytes go by.</summary>
internal sealed class RecordLengths
{
    private long _current;
    private bool _quoted;

    /// <summary>The length of the longest record so far, with its line break.</summary>
    public long Longest { get; private set; }

    /// <summary>Looks at the next bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..(end + 1)];
            _current += part.Length;
            _quoted ^= (part.Count((byte)'"') & 1) == 1;
            Longest = Math.Max(Longest, _current);

            // A line break within quotes is of the value.
            if (end >= 0 && !_quoted)
                _current = 0;
            bytes = bytes[part.Length..];
        }
    }
}
