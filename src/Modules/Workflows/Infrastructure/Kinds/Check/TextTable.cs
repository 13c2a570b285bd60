using System.Text;

namespace Pipeline.Workflows.Infrastructure.Kinds.Check;

/// <summary>A few rows as text, in columns, for messages.</summary>
internal sealed class TextTable
{
    private const int WidestCell = 40;
    private const string Null = "null";

    private readonly List<string[]> _rows = [];

    public TextTable(IEnumerable<string> columns) => _rows.Add([.. columns.Select(Shown)]);

    /// <summary>Rows below the names.</summary>
    public int Rows => _rows.Count - 1;

    public void Add(IEnumerable<string?> cells) => _rows.Add([.. cells.Select(c => c is null ? Null : Shown(c))]);

    public override string ToString()
    {
        var widths = Enumerable.Range(0, _rows[0].Length).Select(i => _rows.Max(r => r[i].Length)).ToArray();
        var text = new StringBuilder();
        for (var row = 0; row < _rows.Count; row++)
        {
            text.AppendLine(string.Join(" | ", _rows[row].Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
            if (row == 0)
                text.AppendLine(string.Join("-+-", widths.Select(w => new string('-', w))));
        }

        return text.ToString().TrimEnd();
    }

    private static string Shown(string cell)
    {
        var line = cell.ReplaceLineEndings(" ");
        return line.Length <= WidestCell ? line : line[..(WidestCell - 3)] + "...";
    }
}
