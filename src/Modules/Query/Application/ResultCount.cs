namespace Pipeline.Query.Application;

/// <summary>Keeps a result within its limits: rows, characters of a value, characters of all values.</summary>
internal sealed class ResultCount(int maxRows, QueryOptions options)
{
    private const char Ellipsis = '…';

    private long _length;

    /// <summary>How many rows were taken.</summary>
    public long Rows { get; private set; }

    /// <summary>How many values were cut.</summary>
    public long CutCells { get; private set; }

    /// <summary>True where a row came that was one too many.</summary>
    public bool IsFull { get; private set; }

    /// <summary>How many rows may still come.</summary>
    public long Left => maxRows - Rows;

    /// <summary>Takes the rows that fit, their values cut.</summary>
    public List<IReadOnlyList<string?>> Take(IReadOnlyList<string?[]> rows)
    {
        var kept = new List<IReadOnlyList<string?>>(rows.Count);
        foreach (var row in rows)
        {
            if (Left == 0 || (Rows > 0 && _length >= options.MaxResultLength))
            {
                IsFull = true;
                break;
            }

            Cut(row);
            kept.Add(row);
            Rows++;
        }

        return kept;
    }

    private void Cut(string?[] row)
    {
        for (var i = 0; i < row.Length; i++)
        {
            if (row[i] is not { } text)
                continue;
            if (text.Length > options.MaxCellLength)
            {
                // Not between the halves of a character.
                var length = options.MaxCellLength - 1;
                if (char.IsHighSurrogate(text[length - 1]))
                    length--;
                row[i] = text = text[..length] + Ellipsis;
                CutCells++;
            }

            _length += text.Length;
        }
    }
}
